"""Asking, voting up, answering and dismissing; each commits together with its event."""

from typing import Any, Literal
from uuid import UUID

from domain.accounts.tokens import Claims
from domain.interactions.lifecycle import find_open, move
from domain.interactions.questions import queries
from domain.interactions.questions.model import (
    ASKS,
    MOVES,
    AlreadyUpvoted,
    OwnQuestion,
    Question,
    QuestionClosedError,
    State,
    UnknownQuestion,
)
from domain.moderation.service import find_moderated
from domain.streams import service as streams
from domain.text import clean_text
from livestreamx.engines.outbox import record, record_all
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.engines.throttle import Throttle
from livestreamx.errors import Invalid
from livestreamx.events import (
    QuestionAnswered,
    QuestionAsked,
    QuestionDismissed,
    QuestionEvent,
    QuestionExpired,
    QuestionUpvoted,
)

MOST_AT_ONCE = 200


def readable(text: str) -> str:
    """The question as it will be shown; `Invalid` when nothing is left of it."""
    text = clean_text(text)
    if not text:
        raise Invalid("The question has no visible characters", code="empty_text")
    return text


async def ask(
    pool: Pool, throttle: Throttle, stream_id: UUID, text: str, claims: Claims, *, session_id: str | None = None,
    request_id: str = "",
) -> Question:  # fmt: skip
    """Ask the creator of a live stream something, once a minute."""
    text = readable(text)
    async with transaction(pool) as db:
        stream = await find_open(db, stream_id, claims)
        await throttle.require((ASKS, str(claims.sub)))
        question_id = await queries.insert(
            db, stream_id=stream_id, creator_id=stream.creator_id, asker_id=claims.sub, text=text
        )
        question = _known(await queries.find(db, question_id), stream_id)
        asked = QuestionAsked(
            **_whose(question), user_id=claims.sub, session_id=session_id, handle=question.handle, text=text
        )
        await record(db, asked, request_id=request_id)
    return question


async def upvote(
    pool: Pool, stream_id: UUID, question_id: UUID, claims: Claims, *, session_id: str | None = None,
    request_id: str = "",
) -> Question:  # fmt: skip
    """Vote for somebody else's open question, once; the question afterwards.

    `UnknownQuestion`, `QuestionClosedError`, `AlreadyUpvoted`, `OwnQuestion`.
    """
    async with transaction(pool) as db:
        await find_open(db, stream_id, claims)
        question = _open(await queries.find_locked(db, question_id), stream_id)
        if question.asker_id == claims.sub:
            raise OwnQuestion()
        if not await queries.insert_vote(db, question_id, claims.sub):
            raise AlreadyUpvoted()
        upvoted = QuestionUpvoted(**_whose(question), user_id=claims.sub, session_id=session_id)
        await record(db, upvoted, request_id=request_id)
        return _known(await queries.find(db, question_id), stream_id)


async def close(
    pool: Pool,
    stream_id: UUID,
    question_id: UUID,
    act: Literal["answer", "dismiss"],
    *,
    claims: Claims,
    request_id: str,
) -> Question:
    """Answer a question on air or dismiss it, for who keeps order in the stream; the question afterwards."""
    async with transaction(pool) as db:
        await find_moderated(db, stream_id, claims)
        question = _open(await queries.find_locked(db, question_id), stream_id)
        await queries.close(db, question_id, move(MOVES, question.state, act), claims.sub)
        said = _as_closed(question)
        event: QuestionEvent
        if act == "answer":
            event = QuestionAnswered(**said, answered_by=claims.sub)
        else:
            event = QuestionDismissed(**said, dismissed_by=claims.sub)
        await record(db, event, request_id=request_id)
        return _known(await queries.find(db, question_id), stream_id)


async def expire_left_open(pool: Pool) -> bool:
    """Close some questions of streams that are over; whether there were any."""
    async with transaction(pool) as db:
        questions = await queries.claim_left_open(db, MOST_AT_ONCE)
        if not questions:
            return False
        await queries.expire(db, [question.id for question in questions], move(MOVES, "open", "expire"))
        await record_all(db, [(QuestionExpired(**_as_closed(question)), "") for question in questions])
    return True


async def of_stream(
    pool: Pool, stream_id: UUID, visitor: Claims | None, *, state: State | None, after: tuple[int, UUID] | None,
    limit: int,
) -> list[Question]:  # fmt: skip
    """The stream's questions, those with the most votes first."""
    async with connection(pool) as db:
        await streams.find_visible(db, stream_id, visitor)
        return await queries.of_stream(db, stream_id, state, after, limit)


def _known(question: Question | None, stream_id: UUID) -> Question:
    if question is None or question.stream_id != stream_id:
        raise UnknownQuestion()
    return question


def _open(question: Question | None, stream_id: UUID) -> Question:
    question = _known(question, stream_id)
    if question.state != "open":
        raise QuestionClosedError(state=question.state)
    return question


def _whose(question: Question) -> dict[str, Any]:
    return {"stream_id": question.stream_id, "creator_id": question.creator_id, "question_id": question.id}


def _as_closed(question: Question) -> dict[str, Any]:
    said = {"handle": question.handle, "text": question.text, "votes": question.votes, "asked_at": question.asked_at}
    return _whose(question) | said | {"user_id": question.asker_id}
