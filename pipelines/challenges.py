"""Challenges: what counts in one, whoever does it, and in which order the log tells of it.

Acts are kept by second for a while, and a challenge that the flow learns of takes those that it had seen before.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import msgspec

from livestreamx import keys
from livestreamx.events import (
    ChallengeCreated,
    ChallengeEnd,
    ChallengeEvent,
    ChallengeKind,
    ChallengeProgress,
    ChallengeStarted,
    ChatMessage,
    Event,
    FollowAdded,
    GiftRefunded,
    GiftSent,
    ReactionSent,
)
from pipelines.audience_frames import challenge_state
from pipelines.effects import Effects

KEPT_SECONDS = 900
CHALLENGE_SECONDS = 86_400
MINUTE = 60

Act = tuple[ChallengeKind, str, int, int]
"""Kind, user, second since the epoch, how much."""


def part_in(event: Event) -> tuple[ChallengeKind, int] | None:
    """What an event counts in a challenge of its kind; None when in none. A gift taken back counts below zero."""
    match event:
        case ChatMessage(accepted=True):
            return "chat_messages", 1
        case ReactionSent():
            return "reactions", 1
        case GiftSent(tokens=tokens):
            return "gift_tokens", tokens
        case GiftRefunded(tokens=tokens):
            return "gift_tokens", -tokens
        case FollowAdded():
            return "followers", 1
    return None


def count_acts(effects: Effects, events: Iterable[Event]) -> None:
    """Count what these events did, for challenges that are on and for those not heard of yet.

    Challenges of the same chunk must be announced after this: they take what is kept here.
    """
    acts: defaultdict[UUID, list[Act]] = defaultdict(list)
    for event in events:
        part = part_in(event)
        if part is None or event.creator_id is None or event.user_id in (None, event.creator_id):
            continue
        kind, more = part
        second = int(event.counts_at.timestamp())
        acts[event.creator_id].append((kind, str(event.user_id), second, more))
        kept = keys.challenge_acts(event.creator_id, second // MINUTE)
        effects.add(kept, f"{second}:{kind}:{event.user_id}", more)
        effects.expire(kept, KEPT_SECONDS)
    for creator, some in acts.items():
        effects.call("contribute", keys.challenge(creator), keys.audience_changes(), f"challenge:{creator}", some)


def follow(effects: Effects, event: ChallengeEvent) -> None:
    """Take note of what became of a challenge."""
    creator, stream = event.creator_id, event.stream_id
    if creator is None or stream is None:
        return
    key, changes, name = keys.challenge(creator), keys.audience_changes(), f"challenge:{creator}"
    people = keys.challenge_people(event.challenge_id)
    match event:
        case ChallengeCreated():
            first, last = (int(at.timestamp()) for at in (event.starts_at, event.ends_at))
            about: dict[str, str | int] = {
                "id": str(event.challenge_id),
                "stream": str(stream),
                "kind": event.kind,
                "from": first,
                "until": last,
                "people": people,
                "about": msgspec.json.encode(challenge_state(event)).decode(),
            }
            kept = [keys.challenge_acts(creator, minute) for minute in range(first // MINUTE, last // MINUTE + 1)]
            fields = [part for pair in about.items() for part in pair]
            effects.call("announce", key, changes, name, fields, kept)
            effects.expire(people, CHALLENGE_SECONDS)
            if event.kind == "concurrents":
                effects.call("SADD", keys.challenges_by_viewers(), str(creator))
            effects.show(stream, "challenge", str(about["about"]))
        case ChallengeStarted():
            about_now = msgspec.json.encode(challenge_state(event)).decode()
            effects.call("HSET", key, "about", about_now)
            effects.add(changes, name, 1)
        case ChallengeProgress():
            effects.call("help", key, changes, name, str(event.challenge_id), str(event.user_id), event.points)
        case ChallengeEnd():
            effects.call("DEL", key)
            effects.call("HDEL", changes, name)
            effects.call("SREM", keys.challenges_by_viewers(), str(creator))
            effects.show(stream, "challenge", "")
