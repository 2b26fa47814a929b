"""Five ways in which an engine's own windows lose or split what happened; none of them does so here.

Each story is also told to Bytewax's windows, which shows that it is one that goes wrong.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
from bytewax.testing import TestingSink, TestingSource
from redis import Redis

from features.leaderboards import decompose
from features.mood import HOP_MS, Lexicon
from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.redis import connect_plain
from livestreamx.events import Event, ReactionSent, encode
from livestreamx.settings import Settings
from pipelines import engagement, leaderboards
from pipelines.archive import page_of
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from pipelines.mood import Memory, MoodPartition
from pipelines.readings import Readings
from pipelines.records import Chunk, Record, Unreadable
from tests.flows.chunks import BEGAN, BEGAN_MS, chunks_of, run, tick
from tests.flows.messages import Message

WINDOW = timedelta(minutes=1)


class Stage:
    """A stream and its flows under names of their own, each call a process that starts anew."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.stream, self.name = redis, uuid7(), uuid7()

    def reacted(self, seconds: float, who: UUID | None = None, stream: UUID | None = None) -> ReactionSent:
        at = BEGAN + timedelta(seconds=seconds)
        return ReactionSent(occurred_at=at, stream_id=stream or self.stream, user_id=who or uuid7(), mood="joy")

    def count(self, chunks: Sequence[Chunk]) -> None:
        """The flows count, as a process that has just started."""
        chunk_writer(Fence(self.redis, f"minutes-{self.name}"), engagement.count)(chunks)
        chunk_writer(Fence(self.redis, f"boards-{self.name}"), leaderboards.count)(chunks)

    def minutes(self, stream: UUID | None = None) -> dict[int, int]:
        """Reactions by minute since the story began."""
        first = BEGAN_MS // 60_000
        found = {
            minute: self.redis.hget(keys.stream_minute(stream or self.stream, first + minute), "reactions")
            for minute in range(-60, 130)
        }
        return {minute: int(number) for minute, number in found.items() if number}

    def score(self, who: UUID) -> int:
        return decompose(self.redis.zscore(keys.board("engagement", "global", "all"), str(who)) or 0.0)[0]


@pytest.fixture
def stage(settings: Settings) -> Iterator[Stage]:
    with connect_plain(settings.redis_url) as redis:
        yield Stage(redis)


def stock(events: Sequence[Event | TestingSource.EOF], batch: int = 1) -> tuple[list[int], int]:
    """Bytewax's own windows of a minute over one key: what they count, and how many events they drop."""
    counted: list[tuple[str, tuple[int, int]]] = []
    late: list[object] = []
    flow = Dataflow("stock")
    keyed = op.key_on("key", op.input("in", flow, TestingSource(events, batch)), lambda event: "one")
    clock = EventClock(lambda event: event.occurred_at, timedelta(seconds=2))
    windows = fold_window(
        "w", keyed, clock, TumblingWindower(WINDOW, BEGAN), lambda: 0, lambda sum_, _: sum_ + 1, lambda a, b: a + b
    )
    op.output("out", windows.down, TestingSink(counted))
    op.output("late", windows.late, TestingSink(late))
    run(flow)
    return [number for _, (_, number) in counted], len(late)


def test_a_late_event_counts_in_its_own_minute_and_tells_no_hop_again(stage: Stage) -> None:
    on_time = [stage.reacted(second) for second in (1, 2, 3, 70, 71)]
    late = [stage.reacted(4)]
    assert stock([*on_time, *late]) == ([3, 2], 1)

    first = chunks_of(on_time)
    second = chunks_of(late, start=len(on_time))
    stage.count([*first, tick(first[-1], BEGAN_MS + 100_000)])
    stage.count(second)
    assert stage.minutes() == {0: 4, 1: 2}

    partition = MoodPartition(Memory(), Lexicon.load())
    chunks = [first[-1], tick(first[-1], BEGAN_MS + 100_000), second[-1], tick(second[-1], BEGAN_MS + 110_000)]
    hops = [mood.hop_end for chunk in chunks for mood in partition.take(chunk).moods]
    assert hops
    assert len(hops) == len(set(hops))


def test_a_crash_with_downtime_splits_no_minute(stage: Stage) -> None:
    events = [stage.reacted(second / 2) for second in range(100)]
    before, after = chunks_of(events[:50]), chunks_of(events[50:], start=50)
    stage.count(before)
    stage.count([read_at(chunk, BEGAN_MS + 600_000) for chunk in after])
    assert stage.minutes() == {0: 100}


def read_at(chunk: Chunk, at_ms: int) -> Chunk:
    """The chunk, read long after it was written."""
    return Chunk(
        topic=chunk.topic,
        partition=chunk.partition,
        start=chunk.start,
        next=chunk.next,
        records=chunk.records,
        read_ms=at_ms,
    )


def test_an_event_an_hour_ahead_drops_nothing_and_counts_at_most_five_seconds_ahead(stage: Stage) -> None:
    before = [stage.reacted(second / 10) for second in range(20)]
    ahead = stage.reacted(3600)
    after = [stage.reacted(2 + second / 10) for second in range(50)]
    assert stock([*before, ahead, *after])[1] == 50

    logged = [*(event.occurred_at for event in before), before[-1].occurred_at, *(event.occurred_at for event in after)]
    messages = [
        Message(encode(event), offset=offset, at_ms=int(at.timestamp() * 1000))
        for offset, (event, at) in enumerate(zip([*before, ahead, *after], logged, strict=True))
    ]
    records = Readings().of("interactions:0", messages, BEGAN_MS)  # type: ignore[arg-type]
    assert len(records) == 71
    chunk = Chunk(topic="interactions", partition=0, start=None, next=71, records=records, read_ms=BEGAN_MS)  # type: ignore[arg-type]
    stage.count([chunk])
    assert stage.minutes() == {0: 71}
    assert max(record.event.occurred_at for record in chunk.records) == BEGAN + timedelta(seconds=6.9)

    partition = MoodPartition(Memory(), Lexicon.load())
    partition.take(chunk)
    assert partition.take(tick(chunk, BEGAN_MS + 9000)).closed == BEGAN_MS // HOP_MS, "only the wall clock moved it"


def test_partitions_that_lag_differently_lose_nothing_of_one_person(stage: Stage) -> None:
    who, other = uuid7(), uuid7()
    ahead = [stage.reacted(second, who) for second in range(100)]
    behind = [stage.reacted(second, who, other) for second in range(100)]
    assert stock([*ahead, *behind], batch=50)[1] == 98

    stage.count(chunks_of(ahead))
    stage.count(chunks_of(behind, partition=1))
    assert stage.score(who) == 200
    assert stage.minutes() == stage.minutes(other) == {0: 60, 1: 40}

    partitions = [MoodPartition(Memory(), Lexicon.load()) for _ in range(2)]
    for partition, events in zip(partitions, (ahead, behind), strict=True):
        (chunk,) = chunks_of(events)
        told = [*partition.take(chunk).moods, *partition.take(tick(chunk, BEGAN_MS + 200_000)).moods]
        assert sum(1 for mood in told if mood.reactors) == (100 + 25) // 5


def test_an_undecodable_message_is_set_aside_and_all_others_count(stage: Stage) -> None:
    payloads = [encode(stage.reacted(second)) for second in range(50)]
    payloads.insert(25, b"\xff not json")
    messages = [Message(payload, offset=offset) for offset, payload in enumerate(payloads)]
    found = Readings().of("interactions:0", messages, BEGAN_MS)  # type: ignore[arg-type]
    chunk = Chunk(
        topic="interactions",
        partition=0,
        start=None,
        next=51,
        records=[one for one in found if isinstance(one, Record)],
        unreadable=[one for one in found if isinstance(one, Unreadable)],
        read_ms=BEGAN_MS,
    )
    stage.count([chunk])
    assert stage.minutes() == {0: 50}
    (letter,) = page_of(chunk).rows["dead_letters"]
    assert (letter["offset"], letter["record"]) == (25, b"\xff not json")
    assert "malformed" in letter["reason"]


@pytest.mark.parametrize("caught_up", [True, False])
def test_an_idle_partition_closes_by_the_wall_clock_only_when_it_is_caught_up(stage: Stage, caught_up: bool) -> None:
    (chunk,) = chunks_of([stage.reacted(second) for second in range(3)])
    partition = MoodPartition(Memory(), Lexicon.load())
    partition.take(chunk)
    later = Chunk(
        topic=chunk.topic,
        partition=0,
        start=chunk.next,
        next=chunk.next,
        caught_up=caught_up,
        read_ms=BEGAN_MS + 60_000,
    )
    assert bool(partition.take(later).moods) is caught_up
