"""What a poll is, how it moves, and who won it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.interactions.lifecycle import Move
from livestreamx.errors import Conflict, Invalid, NotFound

State = Literal["active", "completed", "terminated"]
Act = Literal["complete", "terminate"]

MOVES: dict[Act, Move] = {
    "complete": Move(frozenset({"active"}), "completed"),
    "terminate": Move(frozenset({"active"}), "terminated"),
}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, between what, and for how many seconds."""

    question: str
    choices: tuple[str, ...]
    duration_s: int


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll with its votes by choice, as of this moment; `handle` opened it, while `viewers` watched."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    opened_by: UUID
    handle: str
    question: str
    choices: tuple[str, ...]
    votes: tuple[int, ...]
    viewers: int
    state: State
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """One vote on its way: whose, for what."""

    stream_id: UUID
    poll_id: UUID
    user_id: UUID
    choice_id: int
    session_id: str | None = None
    request_id: str = ""


class Booth(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at before a vote counts."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    choices: int
    is_open: bool


class Outcome(msgspec.Struct, frozen=True):
    """The number of the winning choice, or a tie; neither without votes."""

    winner: int | None
    tie: bool


def outcome(votes: Sequence[int]) -> Outcome:
    """Who leads."""
    most = max(votes)
    leading = [number for number, count in enumerate(votes, 1) if count == most]
    if most == 0 or len(leading) > 1:
        return Outcome(None, most > 0)
    return Outcome(leading[0], False)


class UnknownPoll(NotFound):
    code, title = "poll_not_found", "There is no such poll in this stream"


class PollActive(Conflict):
    code, title = "poll_active", "A poll is on already: end it first"


class PollOver(Conflict):
    code, title = "poll_over", "The poll is over"


class AlreadyVoted(Conflict):
    code, title = "already_voted", "Your vote is final"


class UnknownChoice(Invalid):
    code, title = "unknown_choice", "The poll has no such choice"
