"""Progress: what people do earns experience, levels and badges, and places them on the `xp` board.

The script keeps one hash a person and day of what was counted, so that no order or repetition of acts changes the sum.
"""

import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from features import experience
from features.leaderboards import standings
from livestreamx import keys, topics
from livestreamx.clock import now
from livestreamx.events import (
    ChallengeContributed,
    ChatMessage,
    Event,
    GiftRefunded,
    GiftSent,
    MinigameEnded,
    PollVoted,
    QuestionAnswered,
    ReactionSent,
    ViewerHeartbeat,
)
from livestreamx.events.plausible import EARLIEST_S
from pipelines.achievements import achieve, come
from pipelines.effects import Effects
from pipelines.feed import Pace
from pipelines.records import Record

NAME = "progress"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY, topics.LIFECYCLE)
PACE = Pace(ticks=True)
DAY_SECONDS = 86_400
DAY_KEPT_SECONDS = 16 * DAY_SECONDS
"""Longer than the log keeps a day's events, and than a gift's earnings are pending: a refund finds the day."""
FIRST_DAY = int(EARLIEST_S) // DAY_SECONDS
"""No event is older; a bitmap of visits begins here."""
NOWHERE = "-"

WEIGHTS = {
    "cap": experience.DAY_CAP,
    "spend_cap": experience.SPEND_CAP,
    "paid": experience.PAID_TOKENS_PER_XP,
    "chat": experience.CHAT_XP,
    "reactions": experience.REACTION_XP,
    "watch": experience.WATCH_XP,
    "votes": experience.VOTE_XP,
    "answers": experience.ANSWER_XP,
    "challenges": experience.CHALLENGE_XP,
    "visit": experience.VISIT_XP,
    "streak": experience.LONGEST_STREAK,
}
VISITS = (ViewerHeartbeat, ChatMessage, ReactionSent, PollVoted)
"""Acts by which somebody came on a day."""

AHEAD_SECONDS = 3600
"""So far before midnight acts of the next day may have come already; more than clocks ever differ."""

Day = tuple[str, int]
"""Somebody's id, and days since the epoch."""


def count(records: Sequence[Record]) -> Effects:
    """What these events let their actors learn and earn."""
    effects = Effects()
    latest: dict[Day, tuple[datetime, str]] = {}
    came: dict[Day, str] = {}
    seen: set[object] = set()
    for record in records:
        event = record.event
        achieve(effects, event, seen)
        if event.user_id is None or event.user_id == event.creator_id:
            continue
        second, room = int(event.counts_at.timestamp()), str(event.stream_id or NOWHERE)
        day = (str(event.user_id), second // DAY_SECONDS)
        if earn(effects, event, day_key(day), second):
            minute = event.counts_at.replace(second=0, microsecond=0)
            at, _ = latest.get(day, (minute, room))
            latest[day] = (max(minute, at), room)
            if isinstance(event, VISITS):
                came.setdefault(day, room)
    for (user, number), room in came.items():
        come(effects, user, number - FIRST_DAY, room)
    learn(effects, latest, came)
    return effects


def learn(effects: Effects, latest: dict[Day, tuple[datetime, str]], came: dict[Day, str]) -> None:
    """Work out the experience of these days, and of those after a visit, whose streak may be longer now.

    Of equals leads who earned last in an earlier minute, whatever that brought: what an act still brings before a cap
    depends on which came first, and the order of boards must not.
    """
    after = ((user, later, room) for (user, number), room in came.items() for later in following(number))
    days = {(user, later): (beginning(later), room) for user, later, room in after} | latest
    if days:
        effects.call("experience", experience.thresholds(), WEIGHTS)
    for day in sorted(days, key=lambda day: (day[1], day[0])):
        user, number = day
        at, room = days[day]
        key, earned = day_key(day), int(at.timestamp()) if day in latest else 0
        place = (number - FIRST_DAY, keys.visits(user), earned)
        effects.call("learn", keys.experience(user), key, user, place, boards_at(at), keys.progress_news(), room)
        effects.expire(key, DAY_KEPT_SECONDS)


@lru_cache(maxsize=256)
def boards_at(at: datetime) -> tuple[tuple[str, str, int, int], ...]:
    """The boards of experience at a moment: key, key of the totals, tie, and seconds to keep them."""
    return tuple(
        (keys.board("xp", one.scope, one.ref), keys.board_totals("xp", one.scope, one.ref), one.tie, one.keep)
        for one in standings(at)
    )


def following(number: int) -> Iterator[int]:
    """The days so far whose streak may reach back to this one."""
    today = int(now().timestamp() + AHEAD_SECONDS) // DAY_SECONDS
    last = min(number + experience.LONGEST_STREAK - 1, today)
    return iter(range(number + 1, last + 1))


@lru_cache(maxsize=256)
def beginning(number: int) -> datetime:
    """When a day (since the epoch) begins."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)


def day_key(day: Day) -> str:
    """The hash of somebody's day."""
    return keys.experience_day(day[0], beginning(day[1]).date().isoformat())


def earn(effects: Effects, event: Event, key: str, second: int) -> bool:
    """Count an act on its actor's day (`key`); whether it is one that counts."""
    match event:
        case ChatMessage(accepted=True, text=text):
            effects.call("mark", key, "slots", f"slot:{second // experience.CHAT_SLOT_SECONDS}")
            effects.call("mark", key, "texts", f"text:{zlib.crc32(text.casefold().encode())}")
        case ReactionSent():
            effects.call("mark", key, "reactions", f"reaction:{second // experience.REACTION_SLOT_SECONDS}")
        case ViewerHeartbeat(focus=True):
            minute = second // 60
            mark = f"watch:{minute}:{event.stream_id}"
            effects.call("mark", key, "watch", mark, f"streams:{minute}", experience.WATCH_STREAMS)
        case PollVoted():
            effects.add(key, "votes", 1)
        case QuestionAnswered():
            effects.add(key, "answers", 1)
        case ChallengeContributed():
            effects.add(key, "challenges", 1)
        case GiftSent(paid=paid) if paid:
            effects.add(key, "paid", paid)
        case GiftRefunded(paid=paid) if paid:
            effects.add(key, "paid", -paid)
        case MinigameEnded(xp=prize) if prize:
            effects.add(key, "prizes", prize)
        case _:
            return False
    return True
