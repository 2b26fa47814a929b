"""All SQL of streams."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from domain.streams.model import Draft, Status, Stream
from livestreamx.engines.postgres import Db, struct_row

SELECT_STREAM = """
SELECT s.id, s.creator_id, u.handle AS creator, s.title, s.category, s.tags, s.language, s.visibility, s.mature,
       s.status, s.scheduled_at, s.started_at, s.ended_at, s.created_at
FROM streams s JOIN users u ON u.id = s.creator_id
"""

WHEN = "coalesce(s.started_at, s.created_at)"
"""What lists are ordered by: the start, else the announcement."""
ROWS_AT_ONCE = 500
"""So many rows become streams before another thread may have its turn."""


async def insert(db: Db, creator_id: UUID, draft: Draft) -> UUID:
    done = await db.execute(
        "INSERT INTO streams (creator_id, title, category, tags, language, visibility, mature, scheduled_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            creator_id,
            draft.title,
            draft.category,
            list(draft.tags),
            draft.language,
            draft.visibility,
            draft.mature,
            draft.scheduled_at,
        ),
    )
    stream_id: UUID = (await done.fetchall())[0][0]
    return stream_id


async def find(db: Db, stream_id: UUID) -> Stream | None:
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(SELECT_STREAM + "WHERE s.id = %s", (stream_id,))
        return await cursor.fetchone()


async def find_locked(db: Db, stream_id: UUID) -> Stream | None:
    """The stream, which nobody else changes before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(SELECT_STREAM + "WHERE s.id = %s FOR UPDATE OF s", (stream_id,))
        return await cursor.fetchone()


async def find_held(db: Db, stream_id: UUID) -> Stream | None:
    """The stream, which nobody else moves on before this transaction ends; gifts and chat are not held up."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(SELECT_STREAM + "WHERE s.id = %s FOR NO KEY UPDATE OF s", (stream_id,))
        return await cursor.fetchone()


async def set_status(db: Db, stream_id: UUID, status: Status, at: datetime) -> None:
    """Also notes when it started or ended. `UniqueViolation` when its creator has another live stream."""
    await db.execute(
        "UPDATE streams SET status = %(status)s, "
        "started_at = CASE WHEN %(status)s = 'live' THEN %(at)s ELSE started_at END, "
        "ended_at = CASE WHEN %(status)s = 'ended' THEN %(at)s ELSE ended_at END WHERE id = %(id)s",
        {"status": status, "at": at, "id": stream_id},
    )


async def public(
    db: Db, *, status: Status | None, category: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Stream]:
    """Public streams, the newest first; `after` is the place of the last one seen."""
    at, stream_id = after or (None, None)
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + f"WHERE s.visibility = 'public' AND s.status = coalesce(%(status)s, s.status) "
            f"AND (%(category)s::text IS NULL OR lower(s.category) = lower(%(category)s)) "
            f"AND (%(at)s::timestamptz IS NULL OR ({WHEN}, s.id) < (%(at)s, %(id)s)) "
            f"ORDER BY {WHEN} DESC, s.id DESC LIMIT %(limit)s",
            {"status": status, "category": category, "at": at, "id": stream_id, "limit": limit},
        )
        return await cursor.fetchall()


async def of_creator(db: Db, creator_id: UUID, before: UUID | None, limit: int) -> list[Stream]:
    """All streams of a creator, the newest first (their ids rise with time)."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM
            + "WHERE s.creator_id = %s AND s.id < coalesce(%s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) "
            "ORDER BY s.id DESC LIMIT %s",
            (creator_id, before, limit),
        )
        return await cursor.fetchall()


async def live_of(db: Db, creator_id: UUID) -> Stream | None:
    """The creator's live public stream, if there is one."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.creator_id = %s AND s.status = 'live' AND s.visibility = 'public'", (creator_id,)
        )
        return await cursor.fetchone()


async def on_air(db: Db, creator_id: UUID) -> Stream | None:
    """The creator's live stream, listed or not; a private one is for its owner alone."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.creator_id = %s AND s.status = 'live' AND s.visibility <> 'private'", (creator_id,)
        )
        return await cursor.fetchone()


async def live_among(db: Db, stream_ids: Sequence[UUID]) -> list[Stream]:
    """Those of these streams that are live and public, in no order."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.id = ANY(%s) AND s.status = 'live' AND s.visibility = 'public'",
            (list(stream_ids),),
        )
        return await cursor.fetchall()


def all_live(db: Connection[TupleRow], limit: int) -> Iterator[Stream]:
    """Live public streams, the newest first; for who has a thread."""
    return _read(
        db,
        "WHERE s.status = 'live' AND s.visibility = 'public' ORDER BY s.started_at DESC, s.id DESC LIMIT %s",
        (limit,),
    )


def changed_within(db: Connection[TupleRow], span: timedelta, limit: int) -> Iterator[Stream]:
    """All streams that have changed in this last span of time, in no order; for who has a thread."""
    return _read(db, "WHERE s.changed_at > now() - %s LIMIT %s", (span, limit))


def _read(db: Connection[TupleRow], which: LiteralString, values: Sequence[object]) -> Iterator[Stream]:
    with db.cursor(row_factory=dict_row) as cursor:
        cursor.execute(SELECT_STREAM + which, values)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from msgspec.convert(rows, list[Stream])


async def public_among(db: Db, stream_ids: Sequence[UUID]) -> list[Stream]:
    """Those of these streams that are public, in no order."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(SELECT_STREAM + "WHERE s.id = ANY(%s) AND s.visibility = 'public'", (list(stream_ids),))
        return await cursor.fetchall()


async def over(db: Db, limit: int) -> list[Stream]:
    """Public streams that are over, the latest first."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.visibility = 'public' AND s.status IN ('ended', 'archived') "
            "ORDER BY s.ended_at DESC, s.id DESC LIMIT %s",
            (limit,),
        )
        return await cursor.fetchall()


async def shown_between(db: Db, creator_id: UUID, since: datetime, until: datetime) -> list[Stream]:
    """The creator's streams that were live at some time between these two, the oldest first."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.creator_id = %s AND s.started_at < %s AND coalesce(s.ended_at, 'infinity') >= %s "
            "ORDER BY s.started_at, s.id",
            (creator_id, until, since),
        )
        return await cursor.fetchall()


async def started_before(db: Db, creator_id: UUID, at: datetime | None) -> Stream | None:
    """The creator's latest stream that is over and had begun before this time; the latest at all for None."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.creator_id = %s AND s.ended_at IS NOT NULL AND s.started_at IS NOT NULL "
            "AND s.started_at < coalesce(%s::timestamptz, 'infinity') ORDER BY s.started_at DESC, s.id DESC LIMIT 1",
            (creator_id, at),
        )
        return await cursor.fetchone()


async def live_now(db: Db, creator_id: UUID) -> Stream | None:
    """The creator's live stream, whoever may see it."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(SELECT_STREAM + "WHERE s.creator_id = %s AND s.status = 'live'", (creator_id,))
        return await cursor.fetchone()


async def next_announced(db: Db, creator_id: UUID) -> Stream | None:
    """The creator's announced stream that begins first; those without a time come last, the newest first."""
    async with db.cursor(row_factory=struct_row(Stream)) as cursor:
        await cursor.execute(
            SELECT_STREAM + "WHERE s.creator_id = %s AND s.status = 'scheduled' "
            "ORDER BY s.scheduled_at NULLS LAST, s.id DESC LIMIT 1",
            (creator_id,),
        )
        return await cursor.fetchone()
