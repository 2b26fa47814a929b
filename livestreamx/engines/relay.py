"""The relay: brings outbox rows to Kafka in order, at least once; consumers drop repeats by event id.

A batch is deleted in a transaction that commits only after the broker has acknowledged it, so a crash at any moment
repeats a batch and never loses one. One relay works at a time; others wait behind an advisory lock.
"""

import threading
from collections.abc import Callable, Sequence

import psycopg
import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from psycopg.rows import TupleRow

from livestreamx.engines.kafka import DELIVERY_TIMEOUT_MS, REQUEST_ID_HEADER, producer
from livestreamx.observe.tracing import TRACEPARENT

LOCK = 0x4C535852  # any constant: whoever holds it is the relay
BATCH = 2000
FASTEST_POLL_SECONDS, SLOWEST_POLL_SECONDS, POLL_GROWTH = 0.005, 0.05, 1.15
STANDBY_SECONDS = 0.5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0

PEEK = "SELECT FROM outbox ORDER BY seq LIMIT 1"
TAKE = """
WITH taken AS (
    DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT %s)
    RETURNING seq, topic, key, payload, request_id)
SELECT topic, key, payload, request_id FROM taken ORDER BY seq
"""

Plain = psycopg.Connection[TupleRow]
log = structlog.get_logger("livestreamx.relay")


class Undelivered(Exception):
    """The broker did not acknowledge a whole batch in time."""


def deliver(broker: Producer, rows: Sequence[TupleRow]) -> None:
    """Send `(topic, key, payload, origin)` rows in order and wait for all acknowledgements; else `Undelivered`."""
    errors: list[KafkaError] = []

    def settle(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            errors.append(error)

    for topic, key, payload, origin in rows:
        headers = origin_headers(origin)
        while True:
            try:
                broker.produce(topic, bytes(payload), key=key, headers=headers, on_delivery=settle)
                break
            except BufferError:
                broker.poll(0.01)
        broker.poll(0)
    left = broker.flush(DELIVERY_TIMEOUT_MS / 1000)
    if left or errors:
        raise Undelivered(errors[0].name() if errors else f"{left} events without an answer")


def origin_headers(origin: str) -> list[tuple[str, str | bytes | None]]:
    """The request's id and the trace of an act (`livestreamx.observe.tracing.origin_of`) as Kafka headers."""
    request_id, _, traceparent = origin.partition(" ")
    named = ((REQUEST_ID_HEADER, request_id), (TRACEPARENT, traceparent))
    return [(name, value.encode()) for name, value in named if value]


class Relay:
    """Runs until told to stop; an engine that is away is waited for. `on_ready` is called once, when it serves."""

    def __init__(self, postgres_url: str, bootstrap: str, on_ready: Callable[[], None]) -> None:
        self._postgres_url, self._bootstrap, self._on_ready = postgres_url, bootstrap, on_ready
        self._pause = FIRST_PAUSE_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Connect, serve, and after a failure connect anew, ever more slowly."""
        while not stop.is_set():
            try:
                self._serve(stop)
            except (psycopg.Error, KafkaException, Undelivered) as error:
                log.warning("relay_interrupted", error=f"{type(error).__name__}: {error}", again_in_s=self._pause)
                stop.wait(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _serve(self, stop: threading.Event) -> None:
        # Messages never expire one by one, which could let a later one overtake: a batch is given up as a whole.
        broker = producer(self._bootstrap, **{"message.timeout.ms": 0})
        try:
            with psycopg.connect(
                self._postgres_url, autocommit=True, connect_timeout=5, application_name="livestreamx-relay"
            ) as db:
                if not _take_turn(db, stop):
                    return
                broker.list_topics(timeout=5)
                self._on_ready()
                self._on_ready = lambda: None
                self._move_all(db, broker, stop)
        finally:
            broker.purge()
            broker.flush(1)

    def _move_all(self, db: Plain, broker: Producer, stop: threading.Event) -> None:
        poll = FASTEST_POLL_SECONDS
        while not stop.is_set():
            if db.execute(PEEK).fetchone() is None:
                stop.wait(poll)
                poll = min(poll * POLL_GROWTH, SLOWEST_POLL_SECONDS)
                continue
            with db.transaction():
                deliver(broker, db.execute(TAKE, (BATCH,), binary=True).fetchall())
            poll, self._pause = FASTEST_POLL_SECONDS, FIRST_PAUSE_SECONDS


def _take_turn(db: Plain, stop: threading.Event) -> bool:
    """Wait for the lock that only one relay holds; False when told to stop."""
    waiting = False
    while not stop.is_set():
        row = db.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        if row is not None and row[0]:
            return True
        if not waiting:
            log.info("relay_on_standby")
            waiting = True
        stop.wait(STANDBY_SECONDS)
    return False
