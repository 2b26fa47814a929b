"""All SQL of media publishers and keys for streaming software. News in any order, or twice, end the same."""

from datetime import datetime
from uuid import UUID

from domain.media.model import IngressKind, MediaNews, StreamKey
from livestreamx.engines.postgres import Db, struct_row


async def note_arrival(db: Db, stream_id: UUID, news: MediaNews) -> None:
    """A stay began; one that is known already, or began before the last one, changes nothing."""
    await db.execute(
        "INSERT INTO media_publishers AS known (stream_id, identity, session, joined_ms) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (stream_id, identity) DO UPDATE "
        "SET session = excluded.session, joined_ms = excluded.joined_ms, lost_at = NULL "
        "WHERE known.session <> excluded.session AND known.joined_ms <= excluded.joined_ms",
        (stream_id, news.identity, news.session, news.joined_ms),
    )


async def note_departure(db: Db, stream_id: UUID, news: MediaNews, at: datetime) -> None:
    """A stay ended, whether or not its beginning was told; that of an earlier one changes nothing."""
    await db.execute(
        "INSERT INTO media_publishers AS known (stream_id, identity, session, joined_ms, lost_at) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (stream_id, identity) DO UPDATE "
        "SET session = excluded.session, joined_ms = excluded.joined_ms, lost_at = excluded.lost_at "
        "WHERE (known.session = excluded.session AND known.lost_at IS NULL) "
        "OR (known.session <> excluded.session AND known.joined_ms < excluded.joined_ms)",
        (stream_id, news.identity, news.session, news.joined_ms, at),
    )


async def abandoned(db: Db, before: datetime) -> UUID | None:
    """A live stream whose last publisher was lost before this time.

    It is locked, and passed over where others hold it.
    """
    done = await db.execute(
        "SELECT s.id FROM media_publishers p JOIN streams s ON s.id = p.stream_id "
        "WHERE p.lost_at < %(before)s AND s.status = 'live' AND NOT EXISTS ("
        " SELECT FROM media_publishers other WHERE other.stream_id = s.id"
        " AND coalesce(other.lost_at, 'infinity') >= %(before)s) "
        "ORDER BY p.lost_at LIMIT 1 FOR UPDATE OF s, p SKIP LOCKED",
        {"before": before},
    )
    row = await done.fetchone()
    return row[0] if row else None


# keys for streaming software

KEY = "SELECT stream_id, ingress_id, kind, created_at FROM media_keys "


async def key_of(db: Db, stream_id: UUID) -> StreamKey | None:
    """The key that the stream has."""
    async with db.cursor(row_factory=struct_row(StreamKey)) as cursor:
        await cursor.execute(KEY + "WHERE stream_id = %s", (stream_id,))
        return await cursor.fetchone()


async def put_key(db: Db, stream_id: UUID, ingress_id: str, kind: IngressKind) -> StreamKey:
    """In place of the one before."""
    async with db.cursor(row_factory=struct_row(StreamKey)) as cursor:
        await cursor.execute(
            "INSERT INTO media_keys (stream_id, ingress_id, kind) VALUES (%s, %s, %s) ON CONFLICT (stream_id) DO "
            "UPDATE SET ingress_id = excluded.ingress_id, kind = excluded.kind, created_at = excluded.created_at "
            "RETURNING stream_id, ingress_id, kind, created_at",
            (stream_id, ingress_id, kind),
        )
        return (await cursor.fetchall())[0]


async def drop_key(db: Db, stream_id: UUID) -> None:
    await db.execute("DELETE FROM media_keys WHERE stream_id = %s", (stream_id,))


async def claim_key_left(db: Db) -> tuple[UUID, UUID] | None:
    """A stream that is over and still has a key, and its creator; nobody else has it meanwhile."""
    done = await db.execute(
        "SELECT s.id, s.creator_id FROM media_keys k JOIN streams s ON s.id = k.stream_id "
        "WHERE s.status NOT IN ('scheduled', 'live') LIMIT 1 FOR UPDATE OF k SKIP LOCKED"
    )
    row = await done.fetchone()
    return (row[0], row[1]) if row else None
