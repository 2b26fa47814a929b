"""The source of every flow: Kafka partitions by `assign`, read on from where the flow's results say it was."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import Message, TopicPartition
from typing_extensions import override

from livestreamx.clock import now_ms
from livestreamx.topics import Topic
from pipelines.feed import EVERYTHING, Feed, Pace, Share, find_partitions, make_consumer
from pipelines.gate import Gate
from pipelines.readings import Readings
from pipelines.records import Chunk, Unreadable, place
from pipelines.run import Run


class Position(msgspec.Struct, frozen=True):
    """Where a flow stands in a partition: the next offset, and the earliest it wants again to rebuild its state."""

    next: int
    since: int | None = None


class Positions(Protocol):
    """Reads back, from beside the results, where a flow stands; partitions it never touched are left out."""

    def read(self) -> Mapping[str, Position]: ...


class Start(msgspec.Struct, frozen=True):
    """The offset that a partition is read from, and the one the flow had reached (None: nowhere yet).

    `lost` when the log ends before that: it was made anew, and is read from its beginning.
    """

    first: int
    reached: int | None = None
    lost: bool = False

    @property
    def replays(self) -> bool:
        """Whether records come again first that only rebuild state."""
        return self.reached is not None and not self.lost and self.first < self.reached


def start_of(at: Position | None, beginning: int, end: int) -> Start:
    """Where to begin in a log that has the offsets from `beginning` up to `end`."""
    if at is None:
        return Start(beginning)
    if at.next > end:
        return Start(beginning, at.next, lost=True)
    return Start(at.next if at.since is None else min(at.since, at.next), at.next)


class Part(StatefulSourcePartition[Chunk, None]):
    """One Kafka partition of a flow."""

    def __init__(
        self,
        feed: Feed,
        part: tuple[str, int],
        start: Start,
        *,
        run: Run,
        gate: Gate,
        readings: "Reader",
        ticks: bool,
    ) -> None:
        self._feed, self._run, self._gate, self._readings, self._ticks = feed, run, gate, readings, ticks
        self._part = part
        self._where = place(*part)
        self._next, self._replaying = start.reached, start.replays

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
        self._run, self._gate, self._ticks, self._readings = run, gate, pace.ticks, readings or Readings()
        consumer = make_consumer(bootstrap, flow, pace.most)
        try:
            parts = sorted(part for part in find_partitions(consumer, topics) if share.takes(part[1]))
            self._parts = {place(*part): part for part in parts}
            known = positions.read()
            self._starts = {
                where: start_of(known.get(where), *consumer.get_watermark_offsets(TopicPartition(*part), timeout=10))
                for where, part in self._parts.items()
            }
            self._feed = Feed(consumer, pace, {part: self._starts[where].first for where, part in self._parts.items()})
        except BaseException:
            consumer.close()
            raise

    @property
    def lost(self) -> list[str]:
        """Partitions whose log was made anew since this flow read it."""
        return [where for where, start in self._starts.items() if start.lost]

    @override
    def list_parts(self) -> list[str]:
        return list(self._parts)

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: None) -> Part:
        part, start = self._parts[for_part], self._starts[for_part]
        return Part(self._feed, part, start, run=self._run, gate=self._gate, readings=self._readings, ticks=self._ticks)

    def lag(self) -> int:
        """Records that wait in the log for this flow."""
        return self._feed.lag()

    def close(self) -> None:
        """Leave the broker; call it when the run is over."""
        self._feed.close()
