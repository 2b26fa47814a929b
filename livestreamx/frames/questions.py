"""Questions of the audience: what is sent, and what the room sees."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from livestreamx.frames.requests import Request

QuestionText = Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["Which keyboard is that?"])]


class AskQuestion(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: QuestionText


class PickQuestion(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The question that is voted for, answered or dismissed."""

    questionId: UUID


class QuestionState(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it stands: sent when it is asked, answered or dismissed, and once a second while votes come."""

    questionId: UUID
    handle: str
    text: str
    votes: int
    askedAt: datetime
    state: Literal["open", "answered", "dismissed"] = "open"
