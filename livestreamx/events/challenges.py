"""Challenges: what a room tries to reach together in a given time. Recorded acts, from the outbox."""

from datetime import datetime
from typing import ClassVar, Literal, get_args
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic

ChallengeKind = Literal["gift_tokens", "chat_messages", "reactions", "followers", "concurrents"]
CHALLENGE_KINDS: tuple[ChallengeKind, ...] = get_args(ChallengeKind)


class ChallengeEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to a challenge."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    challenge_id: UUID


class ChallengeStep(ChallengeEvent, frozen=True, kw_only=True):
    """A challenge after a transition; what counts are acts in `[starts_at, ends_at)`. The actor made it."""

    handle: str
    kind: ChallengeKind
    target: int
    reward: str
    starts_at: datetime
    ends_at: datetime


class ChallengeCreated(ChallengeStep, frozen=True, kw_only=True, tag="challenge.created"):
    """It is pending: it begins at `starts_at`."""


class ChallengeStarted(ChallengeStep, frozen=True, kw_only=True, tag="challenge.started"):
    """It is active."""


class ChallengeProgress(ChallengeEvent, frozen=True, kw_only=True, tag="challenge.progress"):
    """A command gift of the actor adds to it, whatever its kind counts."""

    points: int


class ChallengeEnd(ChallengeStep, frozen=True, kw_only=True):
    """Base of its ends."""

    progress: int
    contributors: int = 0


class ChallengeCompleted(ChallengeEnd, frozen=True, kw_only=True, tag="challenge.completed"):
    """The target was reached; a `challenge.contributed` for each contributor comes with it."""


class ChallengeContributed(ChallengeEvent, frozen=True, kw_only=True, tag="challenge.contributed"):
    """The actor had a part in a challenge that was completed: `amount` of what its kind counts."""

    amount: int


class ChallengeFailed(ChallengeEnd, frozen=True, kw_only=True, tag="challenge.failed"):
    """The time was over before the target was reached."""


class ChallengeCancelled(ChallengeEnd, frozen=True, kw_only=True, tag="challenge.cancelled"):
    """It was called off, or its stream ended."""

    reason: Literal["cancelled", "stream_ended"] = "cancelled"
