"""Questions over the socket: asked and voted up by viewers, answered or dismissed by who keeps order."""

from typing import Literal

from domain.interactions.questions import service as questions
from livestreamx.engines.throttle import Throttle
from livestreamx.frames import AskQuestion, PickQuestion
from livestreamx.observe.request import request_id
from realtime.context import Context
from realtime.session import Session


class Questions:
    """Takes questions and what becomes of them; one a process."""

    def __init__(self, context: Context, throttle: Throttle) -> None:
        self._pool, self._throttle = context.pool, throttle

    async def ask(self, session: Session, request: AskQuestion) -> dict[str, object]:
        """`{questionId}`; the refusals of `questions.ask`."""
        asked = await questions.ask(
            self._pool,
            self._throttle,
            session.room.id,
            request.text,
            session.user,
            session_id=session.stay_id,
            request_id=request_id(),
        )
        return {"questionId": asked.id}

    async def upvote(self, session: Session, request: PickQuestion) -> dict[str, object]:
        """`{questionId, votes}`; the refusals of `questions.upvote`."""
        question = await questions.upvote(
            self._pool,
            session.room.id,
            request.questionId,
            session.user,
            session_id=session.stay_id,
            request_id=request_id(),
        )
        return {"questionId": question.id, "votes": question.votes}

    async def answer(self, session: Session, request: PickQuestion) -> dict[str, object]:
        """`{questionId, state}`; the refusals of `questions.close`."""
        return await self._close(session, request, "answer")

    async def dismiss(self, session: Session, request: PickQuestion) -> dict[str, object]:
        """`{questionId, state}`; the refusals of `questions.close`."""
        return await self._close(session, request, "dismiss")

    async def _close(
        self, session: Session, request: PickQuestion, act: Literal["answer", "dismiss"]
    ) -> dict[str, object]:
        question = await questions.close(
            self._pool, session.room.id, request.questionId, act, claims=session.user, request_id=request_id()
        )
        return {"questionId": question.id, "state": question.state}
