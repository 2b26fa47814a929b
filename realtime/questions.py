"""Questions over the socket: asked and voted up by viewers, answered or dismissed by who keeps order."""

from typing import Literal

from domain.interactions.questions import service as questions
from livestreamx.engines.throttle import Throttle
from livestreamx.frames import AskQuestion, PickQuestion
from livestreamx.frames.answers import QuestionAsked, QuestionClosed, QuestionUpvoted
from livestreamx.observe.request import request_id
from realtime.context import Context
from realtime.session import Session


class Questions:
    """Takes questions and what becomes of them; one a process."""

    def __init__(self, context: Context, throttle: Throttle) -> None:
        self._pool, self._throttle = context.pool, throttle

    async def ask(self, session: Session, request: AskQuestion) -> QuestionAsked:
        """The refusals of `questions.ask`."""
        asked = await questions.ask(
            self._pool,
            self._throttle,
            session.room.id,
            request.text,
            session.user,
            session_id=session.session_id,
            request_id=request_id(),
        )
        return QuestionAsked(questionId=asked.id)

    async def upvote(self, session: Session, request: PickQuestion) -> QuestionUpvoted:
        """The refusals of `questions.upvote`."""
        question = await questions.upvote(
            self._pool,
            session.room.id,
            request.questionId,
            session.user,
            session_id=session.session_id,
            request_id=request_id(),
        )
        return QuestionUpvoted(questionId=question.id, votes=question.votes)

    async def answer(self, session: Session, request: PickQuestion) -> QuestionClosed:
        """The refusals of `questions.close`."""
        return await self._close(session, request, "answer")

    async def dismiss(self, session: Session, request: PickQuestion) -> QuestionClosed:
        """The refusals of `questions.close`."""
        return await self._close(session, request, "dismiss")

    async def _close(
        self, session: Session, request: PickQuestion, act: Literal["answer", "dismiss"]
    ) -> QuestionClosed:
        question = await questions.close(
            self._pool, session.room.id, request.questionId, act, claims=session.user, request_id=request_id()
        )
        return QuestionClosed(questionId=question.id, state=question.state)
