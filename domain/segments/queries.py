"""All SQL of segments. One on air a stream, legal moves and at most fifty waiting are rules of the table."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.segments.model import Segment
from livestreamx.engines.postgres import Db, struct_row

SELECT = """
SELECT id, stream_id, creator_id, vod_id, title, kind, duration_ms, state, place, plays_at, queued_at, started_at,
       ended_at, reason, participant, ingress_id
FROM segments
"""


async def lock_stream(db: Db, stream_id: UUID) -> None:
    """Puts what happens to one stream's segments in a row; gifts and chat are not held up."""
    await db.execute("SELECT FROM streams WHERE id = %s FOR NO KEY UPDATE", (stream_id,))


async def insert(
    db: Db,
    *,
    stream_id: UUID,
    creator_id: UUID,
    vod_id: UUID,
    title: str,
    kind: str,
    duration_ms: int,
    queued_by: UUID,
    place: int,
) -> UUID:
    done = await db.execute(
        "INSERT INTO segments (stream_id, creator_id, vod_id, title, kind, duration_ms, queued_by, place) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (stream_id, creator_id, vod_id, title, kind, duration_ms, queued_by, place),
    )
    segment_id: UUID = (await done.fetchall())[0][0]
    return segment_id


async def find(db: Db, segment_id: UUID) -> Segment | None:
    """The segment, which nobody else changes before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(SELECT + "WHERE id = %s FOR NO KEY UPDATE", (segment_id,))
        return await cursor.fetchone()


async def on_air(db: Db, stream_id: UUID) -> Segment | None:
    """The one that is loading or playing."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(SELECT + "WHERE stream_id = %s AND state IN ('loading', 'playing')", (stream_id,))
        return await cursor.fetchone()


async def queued(db: Db, stream_id: UUID) -> list[Segment]:
    """Those that wait: in their order, then those that wait for a time."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(
            SELECT + "WHERE stream_id = %s AND state = 'queued' ORDER BY plays_at NULLS FIRST, place, id", (stream_id,)
        )
        return await cursor.fetchall()


async def over(db: Db, stream_id: UUID, limit: int) -> list[Segment]:
    """Those that were on air, the latest first."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(
            SELECT + "WHERE stream_id = %s AND ended_at IS NOT NULL AND started_at IS NOT NULL "
            "ORDER BY ended_at DESC LIMIT %s",
            (stream_id, limit),
        )
        return await cursor.fetchall()


async def arrange(db: Db, segment_ids: Sequence[UUID]) -> None:
    """Give these places from 1 on, in this order."""
    await db.execute(
        "UPDATE segments SET place = ordered.place FROM unnest(%s::uuid[]) WITH ORDINALITY AS ordered (id, place) "
        "WHERE segments.id = ordered.id AND segments.place <> ordered.place",
        (list(segment_ids),),
    )


async def schedule(db: Db, segment_id: UUID, plays_at: datetime | None) -> None:
    await db.execute("UPDATE segments SET plays_at = %s WHERE id = %s", (plays_at, segment_id))


async def load(db: Db, segment_id: UUID, *, participant: str, seconds: float) -> None:
    """On its way to the room, which takes at most so long."""
    await db.execute(
        "UPDATE segments SET state = 'loading', participant = %s, "
        "due_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s",
        (participant, seconds, segment_id),
    )


async def play(db: Db, segment_id: UUID, *, seconds: float) -> None:
    """On air from now on; so long after its length it is over at the latest."""
    await db.execute(
        "UPDATE segments SET state = 'playing', started_at = at, "
        "due_at = at + make_interval(secs => duration_ms / 1000.0 + %s) FROM clock_timestamp() AS at WHERE id = %s",
        (seconds, segment_id),
    )


async def end(db: Db, segment_id: UUID, state: str, reason: str) -> None:
    await db.execute(
        "UPDATE segments SET state = %s, reason = %s, due_at = NULL, ended_at = clock_timestamp() WHERE id = %s",
        (state, reason, segment_id),
    )


# what time brings


async def claim_due(db: Db) -> UUID | None:
    """A stream in whose queue something is due; its segments are nobody else's while the transaction lasts.

    It costs as much as there are open segments: streams are looked up one by one, however many there ever were.
    """
    done = await db.execute(
        "WITH due AS MATERIALIZED ("
        " SELECT g.stream_id FROM segments g"
        " CROSS JOIN LATERAL (SELECT status FROM streams WHERE id = g.stream_id LIMIT 1) t"
        " WHERE g.state IN ('queued', 'loading', 'playing') AND ("
        "  t.status NOT IN ('scheduled', 'live') OR g.due_at <= clock_timestamp() OR ("
        "   g.state = 'queued' AND t.status = 'live' AND coalesce(g.plays_at, '-infinity') <= clock_timestamp()"
        "   AND NOT EXISTS (SELECT FROM segments a WHERE a.stream_id = g.stream_id"
        "    AND a.state IN ('loading', 'playing')))))"
        " SELECT id FROM streams WHERE id IN (SELECT stream_id FROM due) LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
    )
    row = await done.fetchone()
    return row[0] if row else None


async def is_due(db: Db, segment_id: UUID) -> bool:
    """Whether what is on air has had its time."""
    done = await db.execute("SELECT FROM segments WHERE id = %s AND due_at <= clock_timestamp()", (segment_id,))
    return done.rowcount == 1


async def first_due(db: Db, stream_id: UUID) -> Segment | None:
    """The one whose turn it is: of those whose time has come the earliest, else the first of the queue."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(
            SELECT + "WHERE stream_id = %s AND state = 'queued' "
            "AND coalesce(plays_at, '-infinity') <= clock_timestamp() ORDER BY plays_at NULLS LAST, place, id LIMIT 1",
            (stream_id,),
        )
        return await cursor.fetchone()


# the media server's part


async def claim_unsent(db: Db) -> Segment | None:
    """One that loads and that the media server has not been asked for; nobody else has it meanwhile."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(
            SELECT + "WHERE state = 'loading' AND participant <> '' AND ingress_id = '' LIMIT 1 "
            "FOR NO KEY UPDATE SKIP LOCKED"
        )
        return await cursor.fetchone()


async def claim_ingress_left(db: Db) -> Segment | None:
    """One that is over and that the media server may still hold."""
    async with db.cursor(row_factory=struct_row(Segment)) as cursor:
        await cursor.execute(
            SELECT + "WHERE ingress_id <> '' AND ended_at IS NOT NULL LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
        )
        return await cursor.fetchone()


async def note_ingress(db: Db, segment_id: UUID, ingress_id: str) -> None:
    await db.execute("UPDATE segments SET ingress_id = %s WHERE id = %s", (ingress_id, segment_id))


# clips in use


async def uses(db: Db, vod_id: UUID) -> bool:
    """Whether a clip waits in a queue or is on air."""
    done = await db.execute(
        "SELECT FROM segments WHERE vod_id = %s AND state IN ('queued', 'loading', 'playing') LIMIT 1", (vod_id,)
    )
    return done.rowcount == 1


async def shows(db: Db, segment_id: UUID, vod_id: UUID) -> bool:
    """Whether this segment has this clip on air."""
    done = await db.execute(
        "SELECT FROM segments WHERE id = %s AND vod_id = %s AND state IN ('loading', 'playing')", (segment_id, vod_id)
    )
    return done.rowcount == 1
