"""What a challenge is, and how it moves."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.interactions.lifecycle import Move
from livestreamx.errors import Conflict, NotFound
from livestreamx.events import ChallengeKind

State = Literal["pending", "active", "completed", "failed", "cancelled"]
Act = Literal["start", "complete", "fail", "cancel"]

LEAD_SECONDS = 3
"""Between its making and its start: the room reads what it is about, and the counters learn of it."""
SETTLE_SECONDS = 2.0
"""How long after its end a challenge waits for acts that are still on their way to be counted."""
MOST_CONTRIBUTORS = 20_000

MOVES: dict[Act, Move] = {
    "start": Move(frozenset({"pending"}), "active"),
    "complete": Move(frozenset({"active"}), "completed"),
    "fail": Move(frozenset({"active"}), "failed"),
    "cancel": Move(frozenset({"pending", "active"}), "cancelled"),
}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be reached, in how many seconds, and what the creator promises for it."""

    kind: ChallengeKind
    target: int
    duration_s: int
    reward: str = ""


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge; `handle` made it. Acts in `[starts_at, ends_at)` count; `progress` is known once it is over."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    made_by: UUID
    handle: str
    kind: ChallengeKind
    target: int
    reward: str
    state: State
    made_at: datetime
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    progress: int
    contributors: int


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge that is on, and what time and its stream say about it."""

    id: UUID
    is_begun: bool
    is_settled: bool
    is_live: bool


class UnknownChallenge(NotFound):
    code, title = "challenge_not_found", "There is no such challenge in this stream"


class ChallengeActive(Conflict):
    code, title = "challenge_active", "A challenge is on already: wait for its end or cancel it"


class ChallengeOver(Conflict):
    code, title = "challenge_over", "The challenge is over"
