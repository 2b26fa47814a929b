"""The source of every flow: Kafka partitions by `assign`, read on from where the flow's results say it was.

One consumer a worker feeds all its partitions; the first of them waits for records, so that an idle flow sleeps.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from typing_extensions import override

from livestreamx.clock import now_ms
from livestreamx.topics import Topic
from pipelines.gate import Gate
from pipelines.records import Chunk, Record, Unreadable, place, read
from pipelines.run import Run

IDLE_SECONDS = 0.1
TICK_SECONDS = 0.25
MOST = 2000
"""Records of one round, so that a chunk stays small enough for one call to Redis."""


class Position(msgspec.Struct, frozen=True):
    """Where a flow stands in a partition: the next offset, and the earliest it wants again to rebuild its state.

    `lost` when the log ends before it: it was made anew, and is read from its beginning.
    """

    next: int
    since: int | None = None
    lost: bool = False


class Positions(Protocol):
    """Reads back, from beside the results, where a flow stands; partitions it never touched are left out."""

    def read(self) -> Mapping[str, Position]: ...


class Pace(msgspec.Struct, frozen=True):
    """How a flow wants its input: gathered for `linger` seconds, with empty chunks as a clock when `ticks`."""

    linger: float = 0.0
    ticks: bool = False
    most: int = MOST


IMMEDIATE = Pace()


def make_consumer(bootstrap: str, flow: str) -> Consumer:
    """A consumer without group membership; offsets are never committed to Kafka."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"flow-{flow}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 500,
            "fetch.error.backoff.ms": 50,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1000,
            "queued.min.messages": 10_000,
            "queued.max.messages.kbytes": 16_384,
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


def settle(consumer: Consumer, at: Mapping[str, Position]) -> dict[str, Position]:
    """The positions, those marked that the log does not reach any more."""
    settled = {}
    for where, position in at.items():
        topic, _, partition = where.rpartition(":")
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, int(partition)), timeout=10)
        settled[where] = Position(position.next, lost=True) if position.next > end else position
    return settled


class Feed:
    """One consumer and what it has fetched, by partition."""

    def __init__(self, consumer: Consumer, pace: Pace) -> None:
        self._consumer, self._pace = consumer, pace
        self.handing_out = False
        self._waiting: dict[str, list[Message]] = {}
        self._ended: set[str] = set()
        self._count = 0
        self._first_at = self._tick_at = 0.0

    def open(self, topic: str, partition: int, offset: int | None) -> None:
        """Start reading a partition."""
        self._waiting[place(topic, partition)] = []
        start = OFFSET_BEGINNING if offset is None else offset
        self._consumer.incremental_assign([TopicPartition(topic, partition, start)])

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def leads(self, where: str) -> bool:
        """Whether this partition is the one that waits for all."""
        return where == next(iter(self._waiting))

    def wait(self) -> None:
        """Wait for records, at most `IDLE_SECONDS`, and decide whether this round hands them out."""
        now = time.monotonic()
        left = self._first_at + self._pace.linger - now if self._count else IDLE_SECONDS
        if self._count < self._pace.most:
            self._take(self._consumer.poll(max(0.0, min(left, IDLE_SECONDS))))
            for message in self._consumer.consume(self._pace.most, 0):
                self._take(message)
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

    def _take(self, message: Message | None) -> None:
        if message is None:
            return
        where = place(message.topic() or "", message.partition() or 0)
        error = message.error()
        if error is None:
            if not self._count:
                self._first_at = time.monotonic()
            self._count += 1
            self._ended.discard(where)
            self._waiting[where].append(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            self._ended.add(where)
        elif not error.retriable():
            raise KafkaException(error)

    def hand_out(self, where: str) -> tuple[list[Message], bool]:
        """What was fetched of a partition, and whether that is all there is."""
        messages = self._waiting[where]
        if messages:
            self._waiting[where] = []
            self._count -= len(messages)
        return messages, where in self._ended


class Part(StatefulSourcePartition[Chunk, None]):
    """One Kafka partition of a flow."""

    def __init__(
        self, feed: Feed, part: tuple[str, int], at: Position | None, *, run: Run, gate: Gate, ticks: bool
    ) -> None:
        self._feed, self._run, self._gate, self._ticks = feed, run, gate, ticks
        self._topic, self._partition = part
        self._where = place(*part)
        self._next = at.next if at else None
        self._replaying = at is not None and not at.lost and at.since is not None and at.since < at.next
        first = None if at is None or at.lost else at.since if self._replaying else at.next
        feed.open(self._topic, self._partition, first)

    @override
    def next_batch(self) -> list[Chunk]:
        if self._run.over:
            raise StopIteration
        try:
            return self._read()
        except Exception as error:
            self._run.fail(error)
            raise StopIteration from error

    def _read(self) -> list[Chunk]:
        if self._feed.leads(self._where):
            self._feed.wait()
            self._run.reading.set()
        if not self._feed.handing_out:
            return []
        messages, ended = self._feed.hand_out(self._where)
        chunks = []
        if self._replaying:
            before = [message for message in messages if offset_of(message) < (self._next or 0)]
            messages = messages[len(before) :]
            if before:
                chunks.append(self._chunk(before, False, replay=True))
            self._replaying = not messages and not ended
        if messages or (self._ticks and ended):
            chunks.append(self._chunk(messages, ended))
        return chunks

    def _chunk(self, messages: Sequence[Message], ended: bool, *, replay: bool = False) -> Chunk:
        now = now_ms()
        start, after = self._next, offset_of(messages[-1]) + 1 if messages else self._next
        found = [read(message, now) for message in messages]
        unreadable = [one for one in found if isinstance(one, Unreadable)]
        if not replay:
            self._gate.admit(self._where, (one.offset for one in unreadable))
            self._next = after
        return Chunk(
            topic=self._topic,
            partition=self._partition,
            start=start,
            next=after,
            records=[one for one in found if isinstance(one, Record)],
            unreadable=unreadable,
            caught_up=ended,
            read_ms=now,
            replay=replay,
        )

    @override
    def snapshot(self) -> None:
        return None


def offset_of(message: Message) -> int:
    """A fetched message's offset."""
    offset = message.offset()
    if offset is None:
        raise ValueError("a fetched message has an offset")
    return offset


class KafkaSource(FixedPartitionedSource[Chunk, None]):
    """Chunks of a flow's partitions, each from its position; `KafkaException` when the broker is away."""

    def __init__(
        self,
        bootstrap: str,
        flow: str,
        topics: Sequence[Topic],
        *,
        positions: Positions,
        run: Run,
        gate: Gate,
        pace: Pace,
    ) -> None:
        self._new_consumer = partial(make_consumer, bootstrap, flow)
        self._run, self._gate, self._pace = run, gate, pace
        self._feeds: dict[int, Feed] = {}
        asker = self._new_consumer()
        try:
            self._parts = {place(*part): part for part in find_partitions(asker, topics)}
            known = {where: at for where, at in positions.read().items() if where in self._parts}
            self._at = settle(asker, known)
        finally:
            asker.close()

    @property
    def lost(self) -> list[str]:
        """Partitions whose log was made anew since this flow read it."""
        return [where for where, at in self._at.items() if at.lost]

    @override
    def list_parts(self) -> list[str]:
        return sorted(self._parts)

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: None) -> Part:
        worker = threading.get_ident()
        if worker not in self._feeds:
            self._feeds[worker] = Feed(self._new_consumer(), self._pace)
        feed, part, at = self._feeds[worker], self._parts[for_part], self._at.get(for_part)
        return Part(feed, part, at, run=self._run, gate=self._gate, ticks=self._pace.ticks)

    def lag(self) -> int:
        """Records that wait in the log for this flow."""
        return sum(feed.lag() for feed in self._feeds.values())

    def close(self) -> None:
        """Leave the broker; call it when the run is over."""
        for feed in self._feeds.values():
            feed.close()
