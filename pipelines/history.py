"""A range of what happened, as chunks for a flow: from the log while it reaches back so far, else from ClickHouse.

An event belongs to the range by the moment that it counts for, so a gift's refund comes with the gift.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from livestreamx.clock import now_ms
from livestreamx.events import AnyEvent, ChatMessage, decode
from livestreamx.topics import Topic
from pipelines.feed import find_partitions
from pipelines.readings import Readings
from pipelines.records import AHEAD_MS, Chunk, Record, place

Origin = Literal["log", "history"]
MOST = 2000
POLL_SECONDS = 1.0

EVENTS = """
SELECT e.topic, e.payload, e.occurred_at, c.text
FROM (
    SELECT topic, payload, occurred_at, event_id, type FROM events FINAL
    WHERE topic IN {topics:Array(String)} AND occurred_at >= {start:DateTime64(6, 'UTC')}
      AND (occurred_at < {end:DateTime64(6, 'UTC')} OR type IN ('gift.refunded', 'gift.clawback'))
) AS e
LEFT JOIN (
    SELECT event_id, text FROM chat_messages FINAL
    WHERE occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {end:DateTime64(6, 'UTC')}
) AS c USING (event_id)
ORDER BY e.occurred_at, e.event_id
"""


class Range(msgspec.Struct, frozen=True):
    """From `start` up to, and without, `end`."""

    start: datetime
    end: datetime

    def holds(self, event: AnyEvent) -> bool:
        """Whether the event counts for a moment of the range."""
        return self.start <= event.counts_at < self.end


def bounded_consumer(bootstrap: str) -> Consumer:
    """A consumer of a part of the log; it stands nowhere afterwards."""
    return Consumer({"bootstrap.servers": bootstrap, "group.id": "backfill", "enable.auto.commit": False})


class LogRange:
    """The records of a range in the log, up to where the log ended at the beginning."""

    def __init__(self, consumer: Consumer, topics: Sequence[Topic], asked: Range) -> None:
        self._consumer, self._asked = consumer, asked
        first_ms = int(asked.start.timestamp() * 1000) - AHEAD_MS
        parts = [TopicPartition(*part, first_ms) for part in find_partitions(consumer, topics)]
        self._ends: dict[tuple[str, int], int] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self.reaches_back = True
        """Whether the log still holds all of the range."""
        for part in consumer.offsets_for_times(parts, timeout=15):
            low, end = consumer.get_watermark_offsets(TopicPartition(part.topic, part.partition), timeout=10)
            start = end if part.offset < 0 else max(low, part.offset)
            self.reaches_back &= low == 0 or start > low
            self._starts[part.topic, part.partition], self._ends[part.topic, part.partition] = start, end

    @property
    def size(self) -> int:
        """Records to read."""
        return sum(end - self._starts[part] for part, end in self._ends.items())

    def chunks(self) -> Iterator[tuple[Chunk, int]]:
        """The range's events in chunks, each with the number of records it was read from."""
        for part, end in self._ends.items():
            yield from self._partition(part, self._starts[part], end)

    def _partition(self, part: tuple[str, int], start: int, end: int) -> Iterator[tuple[Chunk, int]]:
        readings = Readings(kept=0)
        self._consumer.assign([TopicPartition(*part, start)])
        at: int | None = None
        following = start
        while following < end:
            messages = [one for one in self._consumer.consume(MOST, POLL_SECONDS) if not failed(one)]
            some = [one for one in messages if (one.offset() or 0) < end]
            if not some:
                following = end if messages else following
                continue
            read = following
            following = (some[-1].offset() or 0) + 1
            found = readings.of(place(*part), some, now_ms())
            records = [one for one in found if isinstance(one, Record) and self._asked.holds(one.event)]
            yield Chunk(topic=part[0], partition=part[1], start=at, next=following, records=records), following - read
            at = following


def failed(message: Message) -> bool:
    """Whether this is no record but news of the broker; `KafkaException` when it is bad news."""
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF and not error.retriable():
        raise KafkaException(error)
    return error is not None


class HistoryRange:
    """The events of a range in ClickHouse, chat with its text as far as it was not erased."""

    def __init__(self, clickhouse: Client, topics: Sequence[Topic], asked: Range) -> None:
        self._clickhouse, self._asked = clickhouse, asked
        self._given = {"topics": [topic.name for topic in topics], "start": asked.start, "end": asked.end}
        counted = clickhouse.query(f"SELECT count() FROM ({EVENTS})", parameters=self._given)  # noqa: S608 our own
        self.size = int(counted.result_rows[0][0])

    def chunks(self) -> Iterator[tuple[Chunk, int]]:
        """The range's events in chunks, each with the number of rows it was read from."""
        gathered: dict[str, list[Record]] = {}
        stands: dict[str, int] = {}
        with self._clickhouse.query_rows_stream(EVENTS, parameters=self._given) as rows:
            for topic, payload, occurred_at, text in rows:
                records = gathered.setdefault(topic, [])
                records.append(Record(0, 0, event_of(payload, occurred_at.replace(tzinfo=UTC), text)))
                if len(records) >= MOST:
                    yield self._chunk(topic, gathered.pop(topic), stands)
        for topic, records in gathered.items():
            yield self._chunk(topic, records, stands)

    def _chunk(self, topic: str, records: list[Record], stands: dict[str, int]) -> tuple[Chunk, int]:
        start = stands.get(topic)
        stands[topic] = (start or 0) + len(records)
        held = [record for record in records if self._asked.holds(record.event)]
        return Chunk(topic=topic, partition=0, start=start, next=stands[topic], records=held), len(records)


def event_of(payload: str, occurred_at: datetime, text: str) -> AnyEvent:
    """The event as it was: with the time that it was counted at, and with its text."""
    event = decode(payload.encode())
    if abs(event.occurred_at - occurred_at) > timedelta(milliseconds=1):
        event = msgspec.structs.replace(event, occurred_at=occurred_at)
    return msgspec.structs.replace(event, text=text) if isinstance(event, ChatMessage) else event
