"""Challenges: what creators send, and what the room sees."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from livestreamx.events import ChallengeKind
from livestreamx.frames.requests import Request

ChallengeTarget = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000, examples=[500])]
ChallengeSeconds = Annotated[int, msgspec.Meta(ge=15, le=14_400, examples=[600])]
RewardText = Annotated[str, msgspec.Meta(max_length=80, examples=["I sing the outro"])]


class StartChallenge(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reward` is what the creator promises, in words."""

    type: ChallengeKind
    target: ChallengeTarget
    durationS: ChallengeSeconds
    reward: RewardText = ""


class CancelChallenge(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    challengeId: UUID


class ChallengeState(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge as it stands: sent with every change of `state`, and once a second while there is progress."""

    challengeId: UUID
    type: ChallengeKind
    target: int
    progress: int
    reward: str
    by: str
    startsAt: datetime
    endsAt: datetime
    state: Literal["pending", "active", "completed", "failed", "cancelled"]
    contributors: int | None = None
    """How many had a part, once it is over."""
