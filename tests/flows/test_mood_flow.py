"""The mood dataflow, fed lists: what it tells depends on the events alone, not on cuts, order, clocks or crashes."""

import json
import os
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from bytewax.testing import TestingSink, TestingSource

from features.mood import HOP_MS
from livestreamx.clock import uuid7
from livestreamx.events import ChatMessage, Event, MoodChanged, ReactionSent, ViewerHeartbeat
from pipelines.mood import LATENESS_MS, Memory, Told, mood
from pipelines.records import Chunk, not_ahead
from tests.flows.chunks import BEGAN, BEGAN_MS, chunks_of, run, tick

CHAT_LOG = Path(os.environ.get("LSX_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "chat-fall-guys.jsonl"
STREAM = UUID("01a20574-9b95-7771-ba62-eedd060614ca")
PEOPLE = [uuid7() for _ in range(12)]


def react(seconds: float, person: int, feeling: str, stream: UUID = STREAM) -> ReactionSent:
    return ReactionSent(
        occurred_at=BEGAN + timedelta(seconds=seconds),
        stream_id=stream,
        user_id=PEOPLE[person],
        mood=feeling,  # type: ignore[arg-type]
    )


def say(seconds: float, person: UUID, text: str, stream: UUID = STREAM) -> ChatMessage:
    at = BEGAN + timedelta(seconds=seconds)
    return ChatMessage(
        occurred_at=at,
        stream_id=stream,
        user_id=person,
        message_id=uuid7(),
        handle="h",
        text=text,
        length=len(text),
    )


def told_by(chunks: Sequence[Chunk], memories: dict[str, Memory] | None = None) -> list[Told]:
    """Everything that the flow tells for these chunks."""
    told: list[Told] = []
    known = memories or {}
    run(mood(TestingSource(chunks, 1), TestingSink(told), lambda place: known.get(place, Memory())))
    return told


def moods(told: Sequence[Told]) -> list[MoodChanged]:
    return [event for one in told for event in one.moods]


def timeline(told: Sequence[Told]) -> list[tuple[UUID | None, float, str, int]]:
    return sorted(
        (event.stream_id, (event.hop_end - BEGAN).total_seconds(), event.mood, event.reactors)  # type: ignore[misc]
        for event in moods(told)
    )


def busy(seconds: int = 120, streams: int = 1) -> list[Event]:
    """Two minutes of reactions whose mood turns."""
    rng = random.Random(7)
    rooms = [STREAM, *(uuid7() for _ in range(streams - 1))]
    events: list[Event] = []
    for second in range(seconds):
        feeling = "joy" if second < seconds / 2 else "sad"
        for room in rooms:
            events += [react(second + rng.random(), rng.randrange(12), feeling, room) for _ in range(3)]
    return sorted(events, key=lambda event: event.occurred_at)


def closing(chunks: list[Chunk], seconds: float = 300) -> list[Chunk]:
    """The chunks, and then the log's end long after."""
    return [*chunks, tick(chunks[-1], BEGAN_MS + int(seconds * 1000))]


def test_reactions_become_a_mood_at_the_end_of_their_hop_and_fade() -> None:
    told = timeline(told_by(closing(chunks_of([react(1, person, "hype") for person in range(3)]))))
    assert told == [(STREAM, 5.0 * hop, "hype", 3) for hop in range(1, 7)] + [(STREAM, 35.0, "neutral", 0)]


def test_nothing_is_told_before_the_hop_can_no_longer_change() -> None:
    chunks = chunks_of([react(1, person, "hype") for person in range(3)])
    early = tick(chunks[-1], BEGAN_MS + HOP_MS + LATENESS_MS - 1)
    ripe = tick(chunks[-1], BEGAN_MS + HOP_MS + LATENESS_MS)
    assert timeline(told_by([*chunks, early])) == []
    assert timeline(told_by([*chunks, early, ripe])) == [(STREAM, 5.0, "hype", 3)]


def test_the_wall_clock_closes_nothing_while_records_still_wait() -> None:
    first, second = chunks_of([react(1, person, "hype") for person in range(4)], size=2)
    late = msgspec.structs.replace(first, read_ms=BEGAN_MS + 60_000)
    assert timeline(told_by(closing([late, second])))[0] == (STREAM, 5.0, "hype", 4)


def test_any_cut_into_chunks_tells_the_same() -> None:
    events = busy(streams=3)
    whole = timeline(told_by(closing(chunks_of(events))))
    assert len({mood for _, _, mood, _ in whole}) >= 3
    for size in (1, 7, 100):
        assert timeline(told_by(closing(chunks_of(events, size=size)))) == whole


def test_disorder_within_the_lateness_and_duplicates_tell_the_same() -> None:
    events = busy(streams=2)
    whole = timeline(told_by(closing(chunks_of(events))))
    rng = random.Random(3)
    bound = LATENESS_MS / 1000 - 0.1
    shuffled = sorted(events, key=lambda event: event.occurred_at + timedelta(seconds=rng.random() * bound))
    assert shuffled != events
    doubled = [event for event in shuffled for _ in range(1 + (rng.random() < 0.05))]
    assert timeline(told_by(closing(chunks_of(doubled, size=50)))) == whole


def test_a_clock_far_ahead_does_not_close_the_hops_of_the_others() -> None:
    events = busy(60)
    whole = timeline(told_by(closing(chunks_of(events))))
    ahead = msgspec.structs.replace(react(30, 0, "joy"), occurred_at=BEGAN + timedelta(hours=1))
    chunks = chunks_of(events, size=10)
    first = chunks[9].records[0]
    read = not_ahead(ahead, first.logged_ms)  # as every flow is given it
    record = msgspec.structs.replace(first, event=read, offset=chunks[9].records[-1].offset)
    chunks[9] = msgspec.structs.replace(chunks[9], records=[*chunks[9].records, record])
    disturbed = timeline(told_by(closing(chunks)))
    assert [one[:3] for one in disturbed] == [one[:3] for one in whole]


def test_a_crash_at_any_chunk_tells_every_hop_once_and_the_same() -> None:
    events = busy()
    chunks = closing(chunks_of(events, size=11))
    whole = timeline(told_by(chunks))
    for crash in range(1, len(chunks)):
        before = told_by(chunks[:crash])
        kept = before[-1]
        memory = Memory(kept.closed)
        for one in before:
            for stream, decision in one.decisions.items():
                memory.decisions.pop(stream, None)
                if decision is not None:
                    memory.decisions[stream] = decision
        again = [
            msgspec.structs.replace(chunk, replay=True)
            for chunk in chunks[:crash]
            if chunk.records and chunk.records[-1].offset >= (kept.since or 0)
        ]
        after = told_by([*again, *chunks[crash:]], {"interactions:0": memory})
        assert timeline(before) + timeline(after) == whole, crash


def test_large_rooms_count_those_who_only_watch() -> None:
    watching = [
        ViewerHeartbeat(occurred_at=BEGAN + timedelta(seconds=1), stream_id=STREAM, anon_id=f"a{n}") for n in range(400)
    ]
    few: list[Event] = [react(2, person, "joy") for person in range(5)]
    enough: list[Event] = [react(2, person, "joy") for person in range(9)]
    assert {mood for _, _, mood, _ in timeline(told_by(closing(chunks_of([*watching, *few]))))} == {"neutral"}
    assert "joy" in {mood for _, _, mood, _ in timeline(told_by(closing(chunks_of([*watching, *enough]))))}


def recorded() -> list[Event]:
    """A recorded chat; where there is none, a made one that laughs in its second minute."""
    if CHAT_LOG.exists():
        rows = [json.loads(line) for line in CHAT_LOG.read_text(encoding="utf-8").splitlines()]
    else:
        rows = [{"at_ms": ms, "viewer": f"v{ms % 70}", "text": "hello there"} for ms in range(0, 180_000, 400)]
        rows += [{"at_ms": ms, "viewer": f"v{ms % 90}", "text": "LUL"} for ms in range(60_000, 90_000, 250)]
        rows.sort(key=lambda row: row["at_ms"])
    people = {row["viewer"]: uuid7() for row in rows}
    return [say(row["at_ms"] / 1000, people[row["viewer"]], row["text"]) for row in rows if row["text"]]


def test_a_recorded_chat_is_said_to_laugh_where_it_laughs() -> None:
    events = recorded()
    told = timeline(told_by(closing(chunks_of(events), seconds=3600)))
    laughs = Counter(
        int((event.occurred_at - BEGAN).total_seconds()) // 30
        for event in events
        if isinstance(event, ChatMessage) and "LUL" in event.text
    )
    loudest, count = laughs.most_common(1)[0]
    assert count >= 10
    moods_there = Counter(mood for _, end, mood, _ in told if loudest * 30 < end <= loudest * 30 + 35)
    assert moods_there.most_common(1)[0][0] == "joy"
    assert len({mood for _, _, mood, _ in told}) >= 2
