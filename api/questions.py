"""`/api/streams/{id}/questions`: the REST twins of `qa:ask`, `qa:upvote`, `qa:answer`, `qa:dismiss`, and the list."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.interactions.questions import service as questions
from domain.interactions.questions.model import Question, State
from livestreamx.engines.postgres import Pool
from livestreamx.engines.throttle import Throttle
from livestreamx.frames import QuestionText


class NewQuestion(Body, frozen=True, kw_only=True):
    text: QuestionText


class QuestionView(View, frozen=True, kw_only=True):
    """A question; `handle` asked it."""

    id: UUID
    handle: str
    text: str
    votes: int
    state: State
    asked_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, question: Question) -> "QuestionView":
        return msgspec.convert(question, cls, from_attributes=True)


class Rank(NamedTuple):
    """Where a list by votes ended."""

    votes: int
    id: UUID


class QuestionsController(Controller):
    path = "/api/streams/{stream_id:uuid}/questions"
    tags = ("Questions",)

    @post("/", summary="Ask the creator something")
    async def ask(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewQuestion],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        throttle: NamedDependency[Throttle],
        request_id: NamedDependency[str],
    ) -> QuestionView:
        """In a live stream, once a minute (429 before that)."""
        asked = await questions.ask(pool, throttle, stream_id, data.text, user, request_id=request_id)
        return QuestionView.of(asked)

    @get("/", summary="A stream's questions, those with the most votes first")
    async def browse(
        self,
        stream_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        status: FromQuery[State | None] = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[QuestionView]:
        """Also after the stream's end; `status` leaves only those in that state."""
        place = decode_cursor(cursor, Rank)
        found = await questions.of_stream(pool, stream_id, visitor, state=status, after=place, limit=limit + 1)
        return page_of(found, limit, QuestionView.of, lambda last: Rank(last.votes, last.id))

    @post("/{question_id:uuid}/upvote", status_code=200, summary="Vote for somebody else's question, once")
    async def upvote(
        self,
        stream_id: FromPath[UUID],
        question_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> QuestionView:
        """409 `already_upvoted`, `own_question` or `question_closed`."""
        return QuestionView.of(await questions.upvote(pool, stream_id, question_id, user, request_id=request_id))

    @post("/{question_id:uuid}/answer", status_code=200, summary="Mark a question as answered on air")
    async def answer(
        self,
        stream_id: FromPath[UUID],
        question_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> QuestionView:
        """Creator and moderators; 409 `question_closed` unless open."""
        done = await questions.close(pool, stream_id, question_id, "answer", claims=user, request_id=request_id)
        return QuestionView.of(done)

    @post("/{question_id:uuid}/dismiss", status_code=200, summary="Take a question off the list")
    async def dismiss(
        self,
        stream_id: FromPath[UUID],
        question_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> QuestionView:
        """Creator and moderators; 409 `question_closed` unless open."""
        done = await questions.close(pool, stream_id, question_id, "dismiss", claims=user, request_id=request_id)
        return QuestionView.of(done)
