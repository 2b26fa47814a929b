"""Achievements: what badges count, per person, and which number earns one (features/badges.py)."""

from uuid import UUID

from features.badges import Counter, steps
from livestreamx import keys
from livestreamx.events import (
    ChallengeContributed,
    ChatMessage,
    Event,
    FollowAdded,
    FollowRemoved,
    GiftSent,
    PollVoted,
    StreamEnded,
    ViewerHeartbeat,
    ViewerJoined,
)
from pipelines.effects import Effects

FIRSTS = 10
"""Viewers of a stream who count as early."""
FIRSTS_SECONDS = 8 * 86_400
CROWD_SECONDS = 600
MARATHON_SECONDS = 8 * 3600


def achieve(effects: Effects, event: Event, seen: set[object]) -> None:
    """Count an event towards its actor's badges, or its creator's; `seen` is who was met in the same chunk."""
    user, creator = event.user_id, event.creator_id
    match event:
        case ViewerJoined() | ViewerHeartbeat() if user != creator or user is None:
            watch(effects, event, seen)
        case ChatMessage(accepted=True) if user and user != creator:
            tally(effects, event, user, "messages")
        case GiftSent() if user and user != creator:
            tally(effects, event, user, "gifts")
        case PollVoted() if user and user != creator:
            tally(effects, event, user, "votes")
        case ChallengeContributed() if user and user != creator:
            tally(effects, event, user, "challenges")
        case StreamEnded(started_at=began, ended_at=ended) if creator:
            tally(effects, event, creator, "streams")
            if began and ended and (ended - began).total_seconds() >= MARATHON_SECONDS:
                tally(effects, event, creator, "marathons")
        case FollowAdded() if creator:
            tally(effects, event, creator, "followers")
        case FollowRemoved() if creator:
            tally(effects, event, creator, "followers", -1)


def tally(effects: Effects, event: Event, who: UUID, counter: Counter, more: int = 1) -> None:
    """Count once more for somebody."""
    effects.call("tally", *_arguments(event, who, counter, more))


def _arguments(event: Event, who: UUID, counter: Counter, more: int) -> tuple[object, ...]:
    return (keys.achievements(who), counter, more, *_news(event, who), steps(counter))


def _news(event: Event, who: UUID) -> tuple[str, str, str]:
    return keys.progress_news(), str(who), str(event.stream_id or "-")


def watch(effects: Effects, event: ViewerJoined | ViewerHeartbeat, seen: set[object]) -> None:
    """Somebody is in a room: part of its creator's crowd, and maybe one of the first."""
    minute = int(event.occurred_at.timestamp()) // 60
    sign = (event.stream_id, event.user_id or event.anon_id, minute)
    if event.stream_id is None or sign in seen:
        return
    seen.add(sign)
    if event.user_id is not None:
        firsts = keys.stream_firsts(event.stream_id)
        counted = _arguments(event, event.user_id, "early", 1)
        effects.call("early", firsts, str(event.user_id), FIRSTS, *counted)
        effects.expire(firsts, FIRSTS_SECONDS)
    if event.creator_id is not None:
        crowd = keys.stream_crowd(event.stream_id, minute)
        who, creator = str(event.user_id or event.anon_id), event.creator_id
        told = (keys.achievements(creator), *_news(event, creator), steps("crowd"))
        effects.call("crowd", crowd, [who], CROWD_SECONDS, *told)


def come(effects: Effects, user: str, day: int, room: str) -> None:
    """Somebody came on a day (its number in the bitmap of visits)."""
    effects.call("visit", keys.visits(user), day, keys.progress_news(), user, room, steps("streak"))
