"""Progress: what people do earns experience, levels and badges, and places them on the `xp` board.

One hash a person and day holds what was counted, so that no order or repetition of acts changes the sum, and one for
each stream what a person's acts there are worth, as if there were no others: that stands on the stream's board.
"""

import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from features import experience
from features.leaderboards import STREAM_KEPT_SECONDS, standings, stream_standing
from features.visits import SESSION_GAP_MS
from livestreamx import keys, topics
from livestreamx.clock import now
from livestreamx.events import (
    ChallengeContributed,
    ChatMessage,
    Event,
    GiftClawback,
    GiftRefunded,
    GiftSent,
    MinigameEnded,
    PollVoted,
    QuestionAnswered,
    ReactionSent,
    SubscriptionGifted,
    SubscriptionPaid,
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
GIFT_DAY_KEPT_SECONDS = 200 * DAY_SECONDS
DISPUTED = timedelta(seconds=GIFT_DAY_KEPT_SECONDS - 2 * DAY_SECONDS)
"""Cards are disputed for 120 days and banks take 75 to decide: a lost dispute finds the day of its gifts."""
FIRST_DAY = int(EARLIEST_S) // DAY_SECONDS
"""No event is older; a bitmap of visits begins here."""
NOWHERE = "-"
LONGEST_PERIOD = 62
"""Days that one payment for a subscription counts at most."""

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
    "subscriber": experience.SUBSCRIBER_PART,
}
WATCHING = {
    "gap": SESSION_GAP_MS,
    "minute": experience.WATCH_MINUTE_MS,
    "streams": experience.WATCH_STREAMS,
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
    boosted: set[Day] = set()
    seen: set[object] = set()
    for record in records:
        event = record.event
        achieve(effects, event, seen)
        boosted |= boost(effects, event)
        if event.user_id is None or event.user_id == event.creator_id:
            continue
        second, room = int(event.counts_at.timestamp()), str(event.stream_id or NOWHERE)
        day = (str(event.user_id), second // DAY_SECONDS)
        if earn(effects, event, day_key(day), second):
            minute = event.counts_at.replace(second=0, microsecond=0)
            at, _ = latest.get(day, (minute, room))
            latest[day] = (max(minute, at), room)
            if event.stream_id is not None:
                earn_there(effects, event, day, event.stream_id, minute)
            if isinstance(event, GiftSent):
                keep_for_disputes(effects, day, event.stream_id)
            if isinstance(event, VISITS):
                came.setdefault(day, room)
    for (user, number), room in came.items():
        come(effects, user, number - FIRST_DAY, room)
    learn(effects, latest, came, boosted)
    return effects


def boost(effects: Effects, event: Event) -> set[Day]:
    """Note the days of a subscription that was paid or given; those so far, whose experience may be more now."""
    match event:
        case SubscriptionPaid(user_id=user) if user is not None:
            since, until = event.since, event.until
        case SubscriptionGifted(recipient_id=user):
            since, until = event.since, event.until
        case _:
            return set()
    first = max(int(since.timestamp()) // DAY_SECONDS, FIRST_DAY)
    last = min(int(until.timestamp() - 1) // DAY_SECONDS, first + LONGEST_PERIOD)
    today = int(now().timestamp() + AHEAD_SECONDS) // DAY_SECONDS
    for number in range(first, last + 1):
        effects.call("SETBIT", keys.subscribed(user), number - FIRST_DAY, 1)
    return {(str(user), number) for number in range(first, min(last, today) + 1)}


def learn(effects: Effects, latest: dict[Day, tuple[datetime, str]], came: dict[Day, str], boosted: set[Day]) -> None:
    """Work out the experience of these days, and of those after a visit, whose streak may be longer now.

    Of equals leads who earned last in an earlier minute, whatever that brought: what an act still brings before a cap
    depends on which came first, and the order of boards must not.
    """
    after = ((user, later, room) for (user, number), room in came.items() for later in following(number))
    days = {(user, number): (beginning(number), NOWHERE) for user, number in boosted}
    days |= {(user, later): (beginning(later), room) for user, later, room in after} | latest
    if days:
        effects.call("experience", experience.thresholds(), WEIGHTS)
    for day in sorted(days, key=lambda day: (day[1], day[0])):
        user, number = day
        at, room = days[day]
        key, earned = day_key(day), int(at.timestamp()) if day in latest else 0
        place = (number - FIRST_DAY, keys.visits(user), earned, keys.subscribed(user))
        effects.call("learn", keys.experience(user), key, user, place, boards_at(at), keys.progress_news(), room)
        effects.call("learn_there", user, place, names_there(day), STREAM_KEPT_SECONDS)
        effects.call("keep", key, DAY_KEPT_SECONDS)


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


def earn_there(effects: Effects, event: Event, day: Day, stream: UUID, minute: datetime) -> None:
    """Count an act once more on its actor's day in the stream, and when it was for the stream's board."""
    user, date = day[0], date_of(day)
    key, streams = keys.experience_there(user, date, stream), keys.experience_streams(user, date)
    earn(effects, event, key, int(event.counts_at.timestamp()))
    effects.largest(key, "tie", stream_standing(minute, stream).tie)
    if isinstance(event, VISITS):
        effects.put(key, "came", "1")
    effects.member(streams, str(stream))
    for counted in (key, streams):
        effects.call("keep", counted, DAY_KEPT_SECONDS)


def keep_for_disputes(effects: Effects, day: Day, stream: UUID | None) -> None:
    """Keep a day on which somebody gave paid tokens."""
    user, date = day[0], date_of(day)
    kept = [day_key(day)]
    if stream is not None:
        kept += [keys.experience_there(user, date, stream), keys.experience_streams(user, date)]
    for key in kept:
        effects.call("keep", key, GIFT_DAY_KEPT_SECONDS)


def names_there(day: Day) -> dict[str, str]:
    """The keys of somebody's day in each stream, with `*` for the stream."""
    date = date_of(day)
    return {
        "streams": keys.experience_streams(day[0], date),
        "day": keys.experience_there(day[0], date, "*"),
        "board": keys.board("xp", "stream", "*"),
        "totals": keys.board_totals("xp", "stream", "*"),
    }


@lru_cache(maxsize=256)
def beginning(number: int) -> datetime:
    """When a day (since the epoch) begins."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)


def day_key(day: Day) -> str:
    """The hash of somebody's day."""
    return keys.experience_day(day[0], date_of(day))


def date_of(day: Day) -> str:
    """The day as `yyyy-mm-dd`."""
    return beginning(day[1]).date().isoformat()


def earn(effects: Effects, event: Event, key: str, second: int) -> bool:
    """Count an act on its actor's day (`key`); whether it is one that counts."""
    match event:
        case ChatMessage(accepted=True, text=text):
            effects.call("mark", key, "slots", f"slot:{second // experience.CHAT_SLOT_SECONDS}")
            effects.call("mark", key, "texts", f"text:{zlib.crc32(text.casefold().encode())}")
        case ReactionSent():
            effects.call("mark", key, "reactions", f"reaction:{second // experience.REACTION_SLOT_SECONDS}")
        case ViewerHeartbeat(focus=True):
            since_midnight = int(event.counts_at.timestamp() * 1000) % (DAY_SECONDS * 1000)
            effects.call("watch", key, str(event.stream_id or NOWHERE), since_midnight, WATCHING)
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
        case GiftClawback() if event.counts_at > now() - DISPUTED:
            effects.add(key, "paid", -event.gone)
        case MinigameEnded(xp=prize) if prize:
            effects.add(key, "prizes", prize)
        case _:
            return False
    return True
