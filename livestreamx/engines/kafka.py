"""Kafka: the emitter that the API and gateway write events with, and the topics' creation.

An act is accepted once the broker has acknowledged its event, so `emit` waits for that.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from livestreamx.errors import Unavailable
from livestreamx.events import Event, encode
from livestreamx.observe.tracing import trace_headers
from livestreamx.topics import ALL, EVENT_TOPICS, Topic

DELIVERY_TIMEOUT_MS = 10_000
REQUEST_ID_HEADER = "request-id"
MOST_IN_FLIGHT = 3
"""Batches on their way at once; with more the client's thread does not sleep until their answers are there."""
FIRST_ANSWER_SECONDS, ANSWER_SECONDS, REST_SECONDS = 0.002, 0.001, 1.0
"""How soon after an event, how often until the last answer, and how often with nothing awaited answers are taken."""


def producer(bootstrap: str, **options: object) -> Producer:
    """An idempotent producer that never reorders and answers within `DELIVERY_TIMEOUT_MS`."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 1,
            "compression.type": "lz4",
            "message.timeout.ms": DELIVERY_TIMEOUT_MS,
            "partitioner": "murmur2_random",
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            **options,
        }
    )


def make_topics(bootstrap: str, topics: Iterable[Topic] = ALL) -> list[str]:
    """Create the topics that are missing; their names."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    there = admin.list_topics(timeout=10).topics
    wanted = [
        NewTopic(topic.name, topic.partitions, 1, config={"retention.ms": str(topic.retention_ms)})
        for topic in topics
        if topic.name not in there
    ]
    for name, made in (admin.create_topics(wanted, request_timeout=15) if wanted else {}).items():
        try:
            made.result(15)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise RuntimeError(f"topic {name}: {error}") from error
    return [topic.topic for topic in wanted]


def log_ends(bootstrap: str, topics: Iterable[Topic] = EVENT_TOPICS, seconds: float = 5.0) -> dict[str, int]:
    """Where each partition of the log ends, such as `interactions:2`; blocks, and `Unavailable` without an answer."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "ends", "enable.auto.commit": False})
    try:
        return {
            f"{topic.name}:{number}": consumer.get_watermark_offsets(
                TopicPartition(topic.name, number), timeout=seconds
            )[1]
            for topic in topics
            for number in range(topic.partitions)
        }
    except KafkaException as error:
        raise Unavailable("The event log did not answer") from error
    finally:
        consumer.close()


class Emitter:
    """Writes events to Kafka and tells when the broker has them; one a process, for one event loop.

    The loop itself takes the broker's answers, every millisecond while some are awaited: a thread for that would have
    to be given the interpreter once for each answer. `on_failure` is told the topic of every event not taken.
    """

    def __init__(self, bootstrap: str, on_failure: Callable[[str], None] = lambda _: None) -> None:
        self._on_failure = on_failure
        options = {"logger": logging.getLogger("livestreamx.kafka"), "max.in.flight": MOST_IN_FLIGHT}
        self._producer = producer(bootstrap, **options)
        self._unanswered = 0
        self._next: asyncio.TimerHandle | None = None

    async def emit(self, event: Event, *, request_id: str = "") -> None:
        """Write one event and wait until it is durable; `Unavailable` when the broker did not take it in time."""
        await self.emit_all((event,), request_id=request_id)

    async def emit_all(self, events: Sequence[Event], *, request_id: str = "") -> None:
        """Write events and wait until all are durable; `Unavailable` when the broker did not take one in time."""
        if not events:
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        unanswered, refused = len(events), list[KafkaError]()

        def delivered(error: KafkaError | None, message: Message) -> None:
            nonlocal unanswered
            self._unanswered -= 1
            unanswered -= 1
            if error is not None:
                refused.append(error)
                self._on_failure(message.topic() or "")
            if unanswered or done.done():
                return
            if refused:
                done.set_exception(Unavailable(f"The event log did not answer: {refused[0].name()}"))
            else:
                done.set_result(None)

        headers: list[tuple[str, str | bytes | None]] = [
            *([(REQUEST_ID_HEADER, request_id.encode())] if request_id else []),
            *trace_headers(),
        ]
        try:
            for event in events:
                self._produce(event, headers, delivered)
        finally:
            self._expect_answers(loop)
        await done

    def _produce(
        self,
        event: Event,
        headers: list[tuple[str, str | bytes | None]],
        delivered: Callable[[KafkaError | None, Message], None],
    ) -> None:
        try:
            self._producer.produce(
                event.topic.name, encode(event), key=event.key, headers=headers, on_delivery=delivered
            )
        except BufferError as error:
            self._on_failure(event.topic.name)
            raise Unavailable("The event log is busy") from error
        self._unanswered += 1

    def _expect_answers(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look for answers soon; what is looked for at rest are the client's own words for the log."""
        if self._next is not None and self._next.when() > loop.time() + FIRST_ANSWER_SECONDS:
            self._next.cancel()
            self._next = None
        if self._next is None:
            self._next = loop.call_later(FIRST_ANSWER_SECONDS, self._take_answers, loop)

    def _take_answers(self, loop: asyncio.AbstractEventLoop) -> None:
        self._producer.poll(0)
        self._next = loop.call_later(ANSWER_SECONDS if self._unanswered else REST_SECONDS, self._take_answers, loop)

    def probe(self, seconds: float) -> None:
        """Ask the broker for its topics; blocks up to `seconds`, `KafkaException` when it does not answer."""
        self._producer.list_topics(timeout=seconds)

    def close(self, seconds: float = 10) -> None:
        """Flush, then stop."""
        if self._next is not None:
            self._next.cancel()
        self._producer.flush(seconds)
        self._producer.close()
