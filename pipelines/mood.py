"""Mood: reactions and emotes of each partition, in panes of 5 s, decided when a pane can no longer change.

Event time decides: a partition's own newest event moves its watermark, and the wall clock only where the log is at its
end. What restores the state after a crash is read again from the log; hops that were told are not told again.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import NAMESPACE_OID, UUID, uuid5

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import Sink
from typing_extensions import override

from features.mood import (
    EMOTE,
    HOP_MS,
    NEUTRAL,
    PRESENCE_HOPS,
    REACTION,
    Decision,
    Lexicon,
    Pane,
    decide,
    end_of,
    read_window,
)
from livestreamx import topics
from livestreamx.clock import at_ms
from livestreamx.events import AnyEvent, ChatMessage, Mood, MoodChanged, ReactionSent
from pipelines.feed import Pace
from pipelines.records import Chunk, Record

NAME = "mood"
TOPICS = (topics.INTERACTIONS,)
PACE = Pace(ticks=True)
NOBODY: Mapping[UUID, Pane] = {}
LATENESS_MS = 2000
"""How far events of one partition may be out of order and still meet their own hop; later ones meet the next."""


class Memory(msgspec.Struct):
    """What must survive a crash and is not in the log's last minute: the last hop told, and the moods that hold."""

    closed: int | None = None
    decisions: dict[UUID, Decision] = msgspec.field(default_factory=dict)


class Told(msgspec.Struct, frozen=True):
    """What one chunk closes: the moods to tell, the memory to keep, and the offset that rebuilds the rest."""

    chunk: Chunk
    moods: Sequence[MoodChanged]
    closed: int | None
    decisions: Mapping[UUID, Decision | None]
    """Those that changed; None for a stream that fell silent."""
    since: int | None


class MoodPartition:
    """The panes of one Kafka partition's streams."""

    def __init__(self, memory: Memory, lexicon: Lexicon) -> None:
        self._memory, self._lexicon = memory, lexicon
        self._panes: defaultdict[int, dict[UUID, Pane]] = defaultdict(dict)  # by hop
        self._newest_ms = 0
        self._chunks: deque[tuple[int, int]] = deque()  # first offset, newest hop

    def take(self, chunk: Chunk) -> Told:
        """Add a chunk, and close the hops whose time has passed."""
        newest = 0
        for record in chunk.records:
            newest = max(newest, self._add(record))
        if chunk.records:
            self._newest_ms = max(self._newest_ms, newest)
            self._chunks.append((chunk.records[0].offset, newest // HOP_MS))
        moods: list[MoodChanged] = []
        decisions: dict[UUID, Decision | None] = {}
        if not chunk.replay:
            watermark = max(self._newest_ms, chunk.read_ms if chunk.caught_up else 0) - LATENESS_MS
            moods, decisions = self._close(watermark // HOP_MS - 1)
        since = self._chunks[0][0] if self._chunks else chunk.next
        return Told(chunk, moods, self._memory.closed, decisions, since)

    def _add(self, record: Record) -> int:
        event = record.event
        at = int(event.occurred_at.timestamp() * 1000)
        if event.stream_id is None or self._is_past(at // HOP_MS):
            return at
        panes = self._panes[at // HOP_MS]
        pane = panes.get(event.stream_id) or panes.setdefault(event.stream_id, Pane())
        pane.feel(str(event.user_id or event.anon_id or event.session_id), *self._signs(event))
        return at

    def _signs(self, event: AnyEvent) -> tuple[Iterable[Mood], float]:
        match event:
            case ReactionSent(mood=mood):
                return (mood,), REACTION
            case ChatMessage(accepted=True, text=text):
                return self._lexicon.moods(text), EMOTE
        return (), 0.0

    def _is_past(self, hop: int) -> bool:
        closed = self._memory.closed
        return closed is not None and hop <= closed - PRESENCE_HOPS

    def _close(self, until: int) -> tuple[list[MoodChanged], dict[UUID, Decision | None]]:
        """Close the hops up to and with `until`; the moods to tell, and the decisions that changed."""
        memory = self._memory
        if memory.closed is None:
            first = min(self._panes, default=until + 1)
            memory.closed = min(first, until + 1) - 1
        told: list[MoodChanged] = []
        decided: dict[UUID, Decision | None] = {}
        while memory.closed < until:
            if not self._panes and not memory.decisions:
                memory.closed = until
                break
            memory.closed += 1
            for old in [hop for hop in self._panes if hop <= memory.closed - PRESENCE_HOPS]:
                del self._panes[old]
            for stream in sorted(memory.decisions.keys() | set[UUID]().union(*self._panes.values())):
                before = memory.decisions.get(stream)
                mood = self._close_stream(stream, memory.closed)
                if memory.decisions.get(stream) != before:
                    decided[stream] = memory.decisions.get(stream)
                if mood is not None:
                    told.append(mood)
        while self._chunks and self._chunks[0][1] <= memory.closed - PRESENCE_HOPS:
            self._chunks.popleft()
        return told, decided

    def _close_stream(self, stream: UUID, hop: int) -> MoodChanged | None:
        reading = read_window([self._panes.get(hop - age, NOBODY).get(stream) for age in range(PRESENCE_HOPS)])
        before = self._memory.decisions.get(stream, Decision())
        after = decide(before, reading, end_of(hop))
        if after.mood == NEUTRAL and not any(stream in panes for panes in self._panes.values()):
            self._memory.decisions.pop(stream, None)
        else:
            self._memory.decisions[stream] = after
        if not reading.reactors and after.mood == before.mood:
            return None
        return MoodChanged(
            event_id=uuid5(NAMESPACE_OID, f"mood:{stream}:{hop}"),
            occurred_at=at_ms(end_of(hop)),
            stream_id=stream,
            mood=after.mood,
            intensity=reading.shares.get(after.mood, 0.0),
            shares=reading.shares,
            reactors=reading.reactors,
            since=at_ms(after.since_ms),
            hop_end=at_ms(end_of(hop)),
        )


class MoodLogic(StatefulBatchLogic[Chunk, Told, None]):
    """One partition's place in the dataflow; its memory lies beside the results, not in snapshots."""

    def __init__(self, recall: Callable[[str], Memory], lexicon: Lexicon) -> None:
        self._recall, self._lexicon = recall, lexicon
        self._partition: MoodPartition | None = None

    @override
    def on_batch(self, values: list[Chunk]) -> tuple[Iterable[Told], bool]:
        if self._partition is None:
            self._partition = MoodPartition(self._recall(values[0].place), self._lexicon)
        return [self._partition.take(chunk) for chunk in values], False

    @override
    def snapshot(self) -> None:
        return None


def mood(
    source: Source[Chunk], sink: Sink[Told], recall: Callable[[str], Memory], lexicon: Lexicon | None = None
) -> Dataflow:
    """The dataflow: chunks in, what they close out; `recall` gives the memory of a partition by name."""
    words = lexicon or Lexicon.load()
    flow = Dataflow(NAME)
    chunks = op.input("kafka", flow, source)
    by_partition = op.key_on("partition", chunks, lambda chunk: chunk.place)
    told = op.stateful_batch("panes", by_partition, lambda _: MoodLogic(recall, words))
    op.output("redis", op.map("unkey", told, lambda keyed: keyed[1]), sink)
    return flow
