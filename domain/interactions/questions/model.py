"""What a question of the audience is, and how it moves."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.interactions.lifecycle import Move
from livestreamx.engines.throttle import Limit
from livestreamx.errors import Conflict, NotFound

State = Literal["open", "answered", "dismissed", "expired"]
Act = Literal["answer", "dismiss", "expire"]

ASKS = Limit("question", 1, 60.0)

MOVES: dict[Act, Move] = {
    "answer": Move(frozenset({"open"}), "answered"),
    "dismiss": Move(frozenset({"open"}), "dismissed"),
    "expire": Move(frozenset({"open"}), "expired"),
}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question; `handle` asked it. Asking is no vote."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    asker_id: UUID
    handle: str
    text: str
    votes: int
    state: State
    asked_at: datetime
    closed_at: datetime | None


class UnknownQuestion(NotFound):
    code, title = "question_not_found", "There is no such question in this stream"


class QuestionClosedError(Conflict):
    code, title = "question_closed", "The question is not open any more"


class AlreadyUpvoted(Conflict):
    code, title = "already_upvoted", "You have voted for this question"


class OwnQuestion(Conflict):
    code, title = "own_question", "Your own question is for others to vote up"
