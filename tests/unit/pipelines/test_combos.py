"""When a streak of gifts is over, and that it is told once, whatever is written in between."""

from typing import Any
from uuid import UUID

import msgspec

from livestreamx.clock import now, uuid7
from livestreamx.frames import GiftReceived, Person
from pipelines.combos import WINDOW_MS, Frame, Streak, Streaks
from pipelines.effects import Effects

STREAM, OTHER = uuid7(), uuid7()
ADA = Person(id=uuid7(), handle="ada", level=1)


def gift(combo: str | None, number: int, code: str = "HEART") -> GiftReceived:
    return GiftReceived(
        giftEventId=uuid7(),
        user=ADA,
        code=code,
        name=code,
        qty=1,
        tokens=5,
        rarity="common",
        animationKey="heart",
        createdAt=now(),
        comboId=combo,
        comboCount=number,
        comboFinal=combo is None,
    )


def told(frames: list[Frame]) -> list[tuple[UUID | str, UUID, int, bool]]:
    return [(stream, data.giftEventId, data.comboCount, data.comboFinal) for stream, _, data, _ in frames]


def test_a_streak_ends_once_with_its_last_gift_when_its_time_is_over() -> None:
    streaks, gifts = Streaks({}), [gift("c", number) for number in (1, 2, 3)]
    for number, one in enumerate(gifts):
        assert streaks.take(STREAM, one, 1000 * number) == []
    assert streaks.end_due(2000 + WINDOW_MS - 1) == []
    ends = streaks.end_due(2000 + WINDOW_MS)
    assert told(ends) == [(STREAM, gifts[2].giftEventId, 3, True)]
    assert ends[0][3] == f"{gifts[2].giftEventId}:final", "what keeps the room from hearing it twice"
    assert streaks.end_due(10**9) == []


def test_another_combo_or_gift_of_the_sender_ends_it_at_once() -> None:
    streaks = Streaks({})
    first, second, third = gift("c", 1), gift("d", 1), gift("d", 1, "ROSE")
    assert streaks.take(STREAM, first, 0) == []
    assert told(streaks.take(STREAM, second, 1)) == [(STREAM, first.giftEventId, 1, True)]
    assert told(streaks.take(STREAM, third, 2)) == [(STREAM, second.giftEventId, 1, True)]
    assert streaks.take(OTHER, gift("e", 1), 3) == [], "in another room it is another streak"
    assert streaks.take(STREAM, gift(None, 1), 4) == [], "a gift of no combo is none of its business"
    assert len(streaks.end_due(10**9)) == 2


def test_gifts_that_come_out_of_order_end_with_the_highest_count() -> None:
    streaks, late, last = Streaks({}), gift("c", 1), gift("c", 2)
    streaks.take(STREAM, last, 0)
    streaks.take(STREAM, late, 1)
    assert told(streaks.end_due(1 + WINDOW_MS)) == [(STREAM, last.giftEventId, 2, True)]


def test_the_end_of_a_stream_does_not_wait() -> None:
    streaks = Streaks({})
    streaks.take(STREAM, gift("c", 1), 1000)
    streaks.take(OTHER, gift("c", 1), 1000)
    streaks.hurry(STREAM)
    assert [stream for stream, *_ in streaks.end_due(1001)] == [STREAM]


def test_what_is_written_goes_on_after_a_restart() -> None:
    streaks, one = Streaks({}), gift("c", 1)
    streaks.take(STREAM, one, 0)
    memory = written(streaks)
    stored: dict[str, Any] = {field: value for _, _, field, value in memory}
    again = Streaks({name: msgspec.json.decode(streak, type=Streak) for name, streak in stored.items()})
    assert told(again.end_due(WINDOW_MS)) == [(STREAM, one.giftEventId, 1, True)]
    assert written(again) == [("HDEL", "memory", f"{STREAM}:{ADA.id}")]
    assert written(again) == []


def written(streaks: Streaks) -> list[tuple[Any, ...]]:
    effects = Effects()
    assert streaks.write(effects, "memory") == bool(effects.ops())
    return effects.ops()
