"""The source of every flow: Kafka partitions by `assign`, read on from where the flow's results say it was."""

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import Consumer, Message, TopicPartition
from typing_extensions import override

from livestreamx.clock import now_ms
from livestreamx.topics import Topic
from pipelines.feed import EVERYTHING, Feed, Pace, Share, find_partitions, make_consumer
from pipelines.gate import Gate
from pipelines.readings import Readings
from pipelines.records import Chunk, Unreadable, place
from pipelines.run import Run


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


def settle(consumer: Consumer, at: Mapping[str, Position]) -> dict[str, Position]:
    """The positions, those marked that the log does not reach any more."""
    settled = {}
    for where, position in at.items():
        topic, _, partition = where.rpartition(":")
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, int(partition)), timeout=10)
        settled[where] = Position(position.next, lost=True) if position.next > end else position
    return settled


class Part(StatefulSourcePartition[Chunk, None]):
    """One Kafka partition of a flow."""

    def __init__(
        self,
        feed: Feed,
        part: tuple[str, int],
        at: Position | None,
        *,
        run: Run,
        gate: Gate,
        readings: "Reader",
        ticks: bool,
    ) -> None:
        self._feed, self._run, self._gate, self._readings, self._ticks = feed, run, gate, readings, ticks
        self._part = part
        self._where = place(*part)
        self._next = at.next if at else None
        self._replaying = at is not None and not at.lost and at.since is not None and at.since < at.next
        first = None if at is None or at.lost else at.since if self._replaying else at.next
        feed.open(*part, first)

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
        if self._feed.leads(self._part):
            self._feed.wait()
            self._run.reading.set()
        if not self._feed.handing_out:
            return []
        messages, ended = self._feed.hand_out(self._part)
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
        found = self._readings.of(self._where, messages, now)
        unreadable = [one for one in found if isinstance(one, Unreadable)]
        if not replay:
            self._gate.admit(self._where, (one.offset for one in unreadable))
            self._next = after
        return Chunk(
            topic=self._part[0],
            partition=self._part[1],
            start=start,
            next=after,
            records=[one for one in found if not isinstance(one, Unreadable)],
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


class Reader(Protocol):
    """Makes of a chunk's messages what the flow takes, and says which are unreadable."""

    def of(self, place: str, messages: Sequence[Message], now_ms: int) -> Sequence[Any]: ...


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
        readings: Reader | None = None,
        share: Share = EVERYTHING,
    ) -> None:
        self._new_consumer = partial(make_consumer, bootstrap, flow)
        self._run, self._gate, self._pace, self._readings = run, gate, pace, readings or Readings()
        self._feeds: dict[int, Feed] = {}
        asker = self._new_consumer()
        try:
            self._parts = {place(*part): part for part in find_partitions(asker, topics) if share.takes(part[1])}
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
        return Part(feed, part, at, run=self._run, gate=self._gate, readings=self._readings, ticks=self._pace.ticks)

    def lag(self) -> int:
        """Records that wait in the log for this flow."""
        return sum(feed.lag() for feed in self._feeds.values())

    def close(self) -> None:
        """Leave the broker; call it when the run is over."""
        for feed in self._feeds.values():
            feed.close()
