"""One consumer, which fetches for all partitions of a flow; the first of them waits for records.

An idle flow sleeps in the broker's answer. Nobody joins a group, and no offset is committed to Kafka.
"""

import time
from collections.abc import Iterable, Mapping

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from livestreamx.topics import Topic

IDLE_SECONDS = 0.1
TICK_SECONDS = 0.25
MOST = 2000
"""Records of one round, so that a chunk stays small enough for one call to Redis."""
MOST_AHEAD, RECORD_BYTES = 8000, 1024
"""Records kept ahead, and what one takes at most, as a rule. While a flow catches up, these buffers and what is left
between them are most of its memory."""
FETCH_WAIT_MS = 200
"""How long the broker keeps a question that it has no records for; a partition that missed it at the start waits for
its end."""


class Pace(msgspec.Struct, frozen=True):
    """How a flow wants its input: gathered for `linger` seconds, with empty chunks as a clock when `ticks`."""

    linger: float = 0.0
    ticks: bool = False
    most: int = MOST


IMMEDIATE = Pace()
Part = tuple[str, int]
"""Topic and number of a partition."""


class Share(msgspec.Struct, frozen=True):
    """The partitions of one process of several: those whose number leaves `index` when divided by `count`."""

    index: int = 0
    count: int = 1

    def takes(self, partition: int) -> bool:
        """Whether a partition is in this share; a stream's partitions of all topics are in the same."""
        return partition % self.count == self.index


EVERYTHING = Share()


def make_consumer(bootstrap: str, flow: str, most: int = MOST) -> Consumer:
    """A consumer without group membership that keeps a round of `most` records ahead; Kafka keeps no offsets of it."""
    ahead = min(most, MOST_AHEAD)
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"flow-{flow}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "fetch.error.backoff.ms": 50,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1000,
            "queued.min.messages": ahead,
            "queued.max.messages.kbytes": ahead * RECORD_BYTES >> 10,
            "max.partition.fetch.bytes": ahead * RECORD_BYTES >> 3,
            "fetch.queue.backoff.ms": 5,
        }
    )


def find_partitions(consumer: Consumer, topics: Iterable[Topic]) -> list[tuple[str, int]]:
    """The partitions of these topics that the broker has; `KafkaException` when it is away or lacks a topic."""
    found: list[tuple[str, int]] = []
    for topic in topics:
        known = consumer.list_topics(topic.name, timeout=10).topics[topic.name]
        if known.error is not None:
            raise KafkaException(known.error)
        found += [(topic.name, number) for number in sorted(known.partitions)]
    return found


class Feed:
    """One consumer and what it has fetched, by partition, from the offsets in `starts` on.

    All are assigned in one go: a broker that waits for records of the first leaves every later question unanswered for
    as long as it waits.
    """

    def __init__(self, consumer: Consumer, pace: Pace, starts: Mapping[Part, int]) -> None:
        self._consumer, self._pace = consumer, pace
        self.handing_out = False
        self._waiting: dict[tuple[str | None, int | None], list[Message]] = {part: [] for part in starts}
        self._leader = next(iter(starts), None)
        self._ended: dict[tuple[str | None, int | None], int] = {}
        """Where a partition's end was seen, after so many of the records that wait."""
        self._count = 0
        self._first_at = self._tick_at = 0.0
        consumer.assign([TopicPartition(*part, first) for part, first in starts.items()])

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def leads(self, part: Part) -> bool:
        """Whether this partition is the one that waits for all."""
        return part == self._leader

    def wait(self) -> None:
        """Wait for records, at most `IDLE_SECONDS`, and decide whether this round hands them out."""
        now = time.monotonic()
        left = self._first_at + self._pace.linger - now if self._count else IDLE_SECONDS
        is_full = self._count >= self._pace.most
        if not is_full and (message := self._consumer.poll(max(0.0, min(left, IDLE_SECONDS)))):
            self._take([message, *self._consumer.consume(self._pace.most, 0)])
        now = time.monotonic()
        if self._count:
            self.handing_out = self._count >= self._pace.most or now >= self._first_at + self._pace.linger
        else:
            self.handing_out = self._tick(now)

    def lag(self) -> int:
        """Records of all partitions that the broker has and this feed has not fetched, as far as is known."""
        behind = 0
        for position in self._consumer.position(self._consumer.assignment()):
            _, end = self._consumer.get_watermark_offsets(position, cached=True)
            behind += max(0, end - position.offset) if end >= 0 and position.offset >= 0 else 0
        return behind

    def _tick(self, now: float) -> bool:
        if not self._pace.ticks or now < self._tick_at:
            return False
        self._tick_at = now + TICK_SECONDS
        return True

    def _take(self, messages: Iterable[Message]) -> None:
        waiting, before = self._waiting, self._count
        for message in messages:
            part, error = (message.topic(), message.partition()), message.error()
            if error is None:
                self._count += 1
                waiting[part].append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._ended[part] = len(waiting[part])
            elif not error.retriable():
                raise KafkaException(error)
        if self._count and not before:
            self._first_at = time.monotonic()

    def hand_out(self, part: Part) -> tuple[list[Message], bool]:
        """What was fetched of a partition, and whether that is all there is."""
        messages = self._waiting[part]
        ended = self._ended.get(part) == len(messages)
        if messages:
            self._waiting[part] = []
            self._count -= len(messages)
            self._ended[part] = 0 if ended else -1
        return messages, ended
