"""Announcing a stream and moving it through its life; every change commits together with its event."""

from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.errors import UniqueViolation

from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.streams import queries
from domain.streams.model import TRANSITIONS, Act, Draft, Status, Stream
from domain.text import clean_text
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Conflict, Forbidden, Invalid, NotFound
from livestreamx.events import StreamEnded, StreamScheduled


def _missing() -> NotFound:
    return NotFound("There is no such stream", code="stream_not_found")


async def find(db: Db, stream_id: UUID) -> Stream:
    """The stream; `NotFound` with code `stream_not_found`."""
    stream = await queries.find(db, stream_id)
    if stream is None:
        raise _missing()
    return stream


def owns(stream: Stream, claims: Claims | None) -> bool:
    """Whether this person runs the stream: its creator, or an admin."""
    return claims is not None and (claims.sub == stream.creator_id or claims.is_admin)


def require_visible(stream: Stream | None, visitor: Claims | None) -> Stream:
    """The stream if this visitor may know of it; to all others a private stream does not exist."""
    if stream is None or (stream.visibility == "private" and not owns(stream, visitor)):
        raise _missing()
    return stream


def require_owner(stream: Stream | None, claims: Claims) -> Stream:
    """The stream if this person runs it; `Forbidden` with code `not_owner`."""
    stream = require_visible(stream, claims)
    if not owns(stream, claims):
        raise Forbidden("Only its creator may do that", code="not_owner")
    return stream


async def find_visible(db: Db, stream_id: UUID, visitor: Claims | None) -> Stream:
    """The stream if this visitor may know of it."""
    return require_visible(await queries.find(db, stream_id), visitor)


async def find_owned(db: Db, stream_id: UUID, claims: Claims) -> Stream:
    """The stream if this person runs it."""
    return require_owner(await queries.find(db, stream_id), claims)


def clean_draft(draft: Draft) -> Draft:
    """The draft as it will be shown; `Invalid` when no title is left or two tags are the same."""
    title = clean_text(draft.title)
    if not title:
        raise Invalid("The title has no visible characters", code="empty_title")
    tags = tuple(dict.fromkeys(cleaned for tag in draft.tags if (cleaned := clean_text(tag))))
    return Draft(
        title=title,
        category=clean_text(draft.category),
        tags=tags,
        language=draft.language,
        scheduled_at=draft.scheduled_at,
        visibility=draft.visibility,
        mature=draft.mature,
    )


async def announce(pool: Pool, creator_id: UUID, draft: Draft, request_id: str) -> Stream:
    """A new stream, `scheduled`."""
    draft = clean_draft(draft)
    async with transaction(pool) as db:
        stream = await find(db, await queries.insert(db, creator_id, draft))
        await record(db, stream.as_event(StreamScheduled, creator_id), request_id=request_id)
    return stream


async def move(pool: Pool, stream_id: UUID, act: Act, claims: Claims, request_id: str) -> Stream:
    """Start, end, archive or cancel a stream; the stream afterwards.

    `NotFound`, `Forbidden`, or `Conflict` with code `illegal_transition` or `already_live`.
    """
    transition = TRANSITIONS[act]
    async with transaction(pool) as db:
        before = require_owner(await queries.find_locked(db, stream_id), claims)
        if before.status != transition.source:
            raise Conflict(f"A stream that is {before.status} cannot {act}", code="illegal_transition")
        try:
            await queries.set_status(db, stream_id, transition.target, now())
        except UniqueViolation as error:
            raise Conflict("You are live already: end that stream first", code="already_live") from error
        stream = await find(db, stream_id)
        await record(db, stream.as_event(transition.event, claims.sub), request_id=request_id)
        if claims.sub != stream.creator_id:
            await note(
                db,
                actor_id=claims.sub,
                action=f"stream.{act}",
                subject=f"stream:{stream_id}",
                before={"status": before.status},
                after={"status": stream.status},
                request_id=request_id,
            )
        return stream


async def end_without_publisher(db: Db, stream_id: UUID) -> None:
    """End a live stream, locked by the caller, whose picture is gone; the event says why."""
    await queries.set_status(db, stream_id, "ended", now())
    stream = await find(db, stream_id)
    ended = stream.as_event(StreamEnded, stream.creator_id)
    await record(db, msgspec.structs.replace(ended, reason="publisher_lost"), request_id="")
    await note(
        db,
        actor_id=None,
        action="stream.end",
        subject=f"stream:{stream_id}",
        before={"status": "live"},
        after={"status": "ended", "reason": "publisher_lost"},
        request_id="",
    )


async def archive_recorded(pool: Pool, stream_id: UUID) -> bool:
    """Turn an ended stream, whose recording is complete, into one; whether it was news."""
    async with transaction(pool) as db:
        stream = await queries.find_locked(db, stream_id)
        if stream is None or stream.status != TRANSITIONS["archive"].source:
            return False
        await queries.set_status(db, stream_id, TRANSITIONS["archive"].target, now())
        await record(db, stream.as_event(TRANSITIONS["archive"].event, stream.creator_id), request_id="")
    return True


async def browse(
    pool: Pool, *, status: Status | None, category: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Stream]:
    """Public streams, the newest first."""
    async with connection(pool) as db:
        return await queries.public(db, status=status, category=category, after=after, limit=limit)


async def of_creator(pool: Pool, creator_id: UUID, before: UUID | None, limit: int) -> list[Stream]:
    """All streams of one creator, whatever their visibility, the newest first."""
    async with connection(pool) as db:
        return await queries.of_creator(db, creator_id, before, limit)
