"""Opening polls and ending them, each with its event; voting stands in `voting`."""

from uuid import UUID

from psycopg.errors import UniqueViolation
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.interactions.lifecycle import move, require_live
from domain.interactions.polls import queries
from domain.interactions.polls.model import MOVES, Act, Draft, Poll, PollActive, PollOver, UnknownPoll, outcome
from domain.moderation.service import find_moderated
from domain.streams import service as streams
from domain.streams.pulse import count_viewers
from domain.text import clean_text
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Invalid
from livestreamx.events import PollCreated, PollEnded


def clean_draft(draft: Draft) -> Draft:
    """The draft as it will be shown; `Invalid` when a text has nothing to see or two choices are the same."""
    question = clean_text(draft.question)
    choices = tuple(clean_text(choice) for choice in draft.choices)
    if not question or not all(choices):
        raise Invalid("The question and every choice need visible characters", code="empty_text")
    if len({choice.casefold() for choice in choices}) < len(choices):
        raise Invalid("Two choices are the same", code="same_choices")
    return Draft(question=question, choices=choices, duration_s=draft.duration_s)


async def find(db: Db, poll_id: UUID) -> Poll:
    poll = await queries.find(db, poll_id)
    if poll is None:
        raise UnknownPoll()
    return poll


async def open_poll(
    pool: Pool,
    redis: AsyncRedis,
    stream_id: UUID,
    draft: Draft,
    claims: Claims,
    *,
    present_seconds: int,
    request_id: str,
) -> Poll:
    """Open a poll in a live stream, for who keeps order there; `PollActive` while another is on.

    Whoever was heard of in the last `present_seconds` counts as watching.
    """
    draft = clean_draft(draft)
    (viewers,) = await count_viewers(redis, [stream_id], present_seconds)
    try:
        async with transaction(pool) as db:
            stream = await find_moderated(db, stream_id, claims)
            require_live(stream)
            poll_id = await queries.insert(
                db,
                stream_id=stream_id,
                creator_id=stream.creator_id,
                opened_by=claims.sub,
                draft=draft,
                viewers=viewers,
            )
            poll = await find(db, poll_id)
            await record(db, created(poll), request_id=request_id)
    except UniqueViolation as error:
        raise PollActive() from error
    return poll


def created(poll: Poll) -> PollCreated:
    return PollCreated(
        occurred_at=poll.opened_at,
        stream_id=poll.stream_id,
        creator_id=poll.creator_id,
        user_id=poll.opened_by,
        poll_id=poll.id,
        handle=poll.handle,
        question=poll.question,
        choices=poll.choices,
        ends_at=poll.ends_at,
        viewers=poll.viewers,
    )


async def end_poll(pool: Pool, stream_id: UUID, poll_id: UUID, claims: Claims, request_id: str) -> Poll:
    """End a poll before its time; the poll with its result. `UnknownPoll`, `PollOver`."""
    async with transaction(pool) as db:
        await find_moderated(db, stream_id, claims)
        await queries.lock(db, poll_id)
        poll = await find(db, poll_id)
        if poll.stream_id != stream_id:
            raise UnknownPoll()
        if poll.state != "active":
            raise PollOver()
        return await _end(db, poll, "terminate", claims.sub, request_id)


async def end_due(pool: Pool) -> bool:
    """End one poll whose time or stream is over; whether there was one."""
    async with transaction(pool) as db:
        due = await queries.claim_due(db)
        if due is None:
            return False
        poll_id, in_time = due
        await _end(db, await find(db, poll_id), "complete" if in_time else "terminate", None, "")
    return True


async def _end(db: Db, poll: Poll, act: Act, actor: UUID | None, request_id: str) -> Poll:
    await queries.finish(db, poll.id, move(MOVES, poll.state, act))
    poll = await find(db, poll.id)
    result = outcome(poll.votes)
    ended = PollEnded(
        stream_id=poll.stream_id,
        creator_id=poll.creator_id,
        user_id=actor,
        poll_id=poll.id,
        state="completed" if poll.state == "completed" else "terminated",
        question=poll.question,
        choices=poll.choices,
        votes=poll.votes,
        voters=sum(poll.votes),
        winner=result.winner,
        tie=result.tie,
        viewers=poll.viewers,
    )
    await record(db, ended, request_id=request_id)
    return poll


async def of_stream(pool: Pool, stream_id: UUID, visitor: Claims | None, before: UUID | None, limit: int) -> list[Poll]:
    """The stream's polls, the newest first."""
    async with connection(pool) as db:
        await streams.find_visible(db, stream_id, visitor)
        return await queries.of_stream(db, stream_id, before, limit)
