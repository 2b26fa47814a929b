"""Polls: what creators and viewers send, and what the room sees."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from livestreamx.frames.requests import Request

PollQuestion = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
PollChoiceText = Annotated[str, msgspec.Meta(min_length=1, max_length=25)]
PollChoiceTexts = Annotated[
    tuple[PollChoiceText, ...], msgspec.Meta(min_length=2, max_length=5, examples=[["Chess", "Go"]])
]
PollSeconds = Annotated[int, msgspec.Meta(ge=15, le=1800, examples=[300])]
ChoiceId = Annotated[int, msgspec.Meta(ge=1, le=5)]


class CreatePoll(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    question: PollQuestion
    choices: PollChoiceTexts
    durationS: PollSeconds


class CastVote(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pollId: UUID
    choiceId: ChoiceId


class EndPoll(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pollId: UUID


class PollChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One choice and its votes so far; ids count from 1."""

    id: int
    text: str
    votes: int


class PollState(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that is on, the same for everybody; sent when it opens and then once a second while votes come."""

    pollId: UUID
    question: str
    choices: tuple[PollChoice, ...]
    voters: int
    by: str
    endsAt: datetime
    state: Literal["active"] = "active"


class PollResult(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that is over; `winner` is the id of a choice, null after a tie or without votes."""

    pollId: UUID
    question: str
    results: tuple[PollChoice, ...]
    voters: int
    winner: int | None
    tie: bool
    state: Literal["completed", "terminated"]
