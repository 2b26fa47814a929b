"""A golden log for each mood: reactions, emotes and emoji of a small room, and the moods that the flow tells of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
import pytest

from features.mood import Lexicon
from livestreamx.clock import uuid7
from livestreamx.events import MOODS, ChatMessage, Event, ReactionSent
from pipelines.mood import Memory, MoodPartition
from tests.flows.chunks import BEGAN, BEGAN_MS, chunks_of, tick

FOLDER = Path(__file__).parent / "golden_moods"
STREAM = UUID("01a20574-9b95-7771-ba62-eedd060614ca")


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    """`acts` are (second, who, text or :reaction:), `told` the mood at each told second, changes only."""

    mood: str
    says: str
    acts: list[tuple[float, str, str]]
    told: list[tuple[int, str]]


def read(mood: str) -> Golden:
    return msgspec.json.decode((FOLDER / f"{mood}.json").read_bytes(), type=Golden)


def event_of(second: float, who: str, text: str) -> Event:
    common: dict[str, Any] = {
        "occurred_at": BEGAN + timedelta(seconds=second),
        "stream_id": STREAM,
        "user_id": uuid5(NAMESPACE_OID, who),
    }
    if text.startswith(":") and text.strip(":") in MOODS:
        return ReactionSent(mood=text.strip(":"), **common)  # type: ignore[arg-type]
    return ChatMessage(message_id=uuid7(), handle=who, text=text, length=len(text), **common)


def told_of(golden: Golden, size: int) -> list[tuple[int, str]]:
    """The changes of mood, with the second at which each was told."""
    partition = MoodPartition(Memory(), Lexicon.load())
    chunks = chunks_of([event_of(*act) for act in golden.acts], size=size)
    chunks.append(tick(chunks[-1], BEGAN_MS + 150_000))
    found = [event for chunk in chunks for event in partition.take(chunk).moods]
    changes: list[tuple[int, str]] = []
    for event in found:
        if event.mood != (changes[-1][1] if changes else "neutral"):
            changes.append((int(event.hop_end.timestamp() * 1000 - BEGAN_MS) // 1000, event.mood))
    return changes


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_golden_log_is_told_as_written(mood: str, size: int) -> None:
    golden = read(mood)
    assert golden.mood == mood
    assert told_of(golden, size) == golden.told


def test_every_mood_has_its_log_and_ends_in_neutral_within_a_minute() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MOODS)
    for mood in MOODS:
        golden = read(mood)
        assert mood in {told for _, told in golden.told}
        assert golden.told[-1][1] == "neutral"
        assert golden.told[-1][0] - golden.acts[-1][0] <= 60
