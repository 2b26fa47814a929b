"""Engagement counts acts and the time watched, however the events are cut into chunks."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

import pytest

from livestreamx import keys
from livestreamx.events import ChatMessage, Event, GiftSent, ReactionSent, ViewerHeartbeat, ViewerLeft
from pipelines.engagement import count
from tests.flows.chunks import BEGAN, BEGAN_MS, records_of

STREAM, ADA, BOB = UUID(int=1), UUID(int=2), UUID(int=3)


def acts() -> list[Event]:
    """Half a minute in which everybody does something, and three visits end."""

    def at(second: int, user: UUID | None = ADA, anon: str | None = None) -> dict[str, object]:
        when = BEGAN + timedelta(seconds=second)
        return {"stream_id": STREAM, "user_id": user, "anon_id": anon, "occurred_at": when}

    said = {"message_id": UUID(int=9), "handle": "ada", "text": "hello", "length": 5}
    gift = {"gift_event_id": UUID(int=8), "code": "HEART", "qty": 2, "tokens": 10, "paid": 0, "bonus": 10}
    return [
        ChatMessage(**at(1), **said),  # type: ignore[arg-type]
        ChatMessage(**at(2, BOB), **said),  # type: ignore[arg-type]
        ChatMessage(**at(3, BOB), **said, accepted=False),  # type: ignore[arg-type]
        ReactionSent(**at(4), mood="joy"),  # type: ignore[arg-type]
        GiftSent(**at(5), **gift, handle="ada"),  # type: ignore[arg-type]
        ViewerHeartbeat(**at(6)),  # type: ignore[arg-type]
        ViewerLeft(**at(7), watched_ms=6_000),  # type: ignore[arg-type]
        ViewerLeft(**at(8, None, "reader-1"), watched_ms=3_000),  # type: ignore[arg-type]
        ViewerLeft(**at(70), watched_ms=3_000),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_totals_minutes_and_people(size: int) -> None:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    largest: dict[tuple[str, str], int] = {}
    people: defaultdict[str, set[str]] = defaultdict(set)
    records = records_of(acts())
    for cut in range(0, len(records), size):
        for name, key, *rest in count(records[cut : cut + size]).ops():
            if name == "HINCRBY":
                sums[key, rest[0]] += rest[1]
            elif name == "largest":
                largest[key, rest[0]] = max(rest[1], largest.get((key, rest[0]), 0))
            elif name == "joined":
                people[rest[1]] |= set(rest[2])
                assert (key, rest[0]) == (keys.stream_people(STREAM), keys.stream_metrics(STREAM))
    total, first = keys.stream_metrics(STREAM), keys.stream_minute(STREAM, BEGAN_MS // 60_000)
    expected = {"messages": 2, "reactions": 1, "gifts": 1, "tokens": 10}
    assert {name: number for (key, name), number in sums.items() if key == total} == {**expected, "watchedMs": 12_000}
    assert {name: number for (key, name), number in sums.items() if key == first} == {**expected, "watchedMs": 9_000}
    assert largest == {(total, "asOf"): BEGAN_MS + 70_000}
    assert people == {
        "chatters": {str(ADA), str(BOB)},
        "reactors": {str(ADA)},
        "gifters": {str(ADA)},
        "watchers": {str(ADA), "reader-1"},
    }
