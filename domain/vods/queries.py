"""All SQL of clips."""

from collections.abc import Sequence
from uuid import UUID

from domain.vods.model import Visibility, Vod, VodKind
from livestreamx.engines.postgres import Db, struct_row

SELECT = """
SELECT v.id, v.creator_id, u.handle AS creator, v.title, v.visibility, v.kind, v.bytes, v.duration_ms, v.created_at,
       v.show_id, v.begins_ms
FROM vods v JOIN users u ON u.id = v.creator_id
"""
LAST = UUID(int=2**128 - 1)


async def lock_creator(db: Db, creator_id: UUID) -> None:
    """Puts the changes of one creator's clips in a row."""
    await db.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", (creator_id,))


async def count(db: Db, creator_id: UUID) -> int:
    done = await db.execute("SELECT count(*) FROM vods WHERE creator_id = %s", (creator_id,))
    number: int = (await done.fetchall())[0][0]
    return number


async def insert(
    db: Db,
    vod_id: UUID,
    creator_id: UUID,
    *,
    title: str,
    visibility: Visibility,
    kind: VodKind,
    size: int,
    duration_ms: int,
) -> None:
    await db.execute(
        "INSERT INTO vods (id, creator_id, title, visibility, kind, bytes, duration_ms) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (vod_id, creator_id, title, visibility, kind, size, duration_ms),
    )


async def find(db: Db, vod_id: UUID) -> Vod | None:
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(SELECT + "WHERE v.id = %s", (vod_id,))
        return await cursor.fetchone()


async def find_locked(db: Db, vod_id: UUID) -> Vod | None:
    """The clip, which nobody else changes or removes before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(SELECT + "WHERE v.id = %s FOR UPDATE OF v", (vod_id,))
        return await cursor.fetchone()


async def find_for_show(db: Db, vod_id: UUID) -> Vod | None:
    """The clip, which is not removed before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(SELECT + "WHERE v.id = %s FOR KEY SHARE OF v", (vod_id,))
        return await cursor.fetchone()


async def of_creator(db: Db, creator_id: UUID, *, listed: bool, before: UUID | None, limit: int) -> list[Vod]:
    """A creator's clips, the newest first (their ids rise with time); `listed` leaves out what is not public."""
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(
            SELECT + "WHERE v.creator_id = %s AND v.id < %s AND (NOT %s OR v.visibility = 'public') "
            "ORDER BY v.id DESC LIMIT %s",
            (creator_id, before or LAST, listed, limit),
        )
        return await cursor.fetchall()


async def public(db: Db, limit: int) -> list[Vod]:
    """The newest of those that everybody may find."""
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(SELECT + "WHERE v.visibility = 'public' ORDER BY v.id DESC LIMIT %s", (limit,))
        return await cursor.fetchall()


async def public_among(db: Db, vod_ids: Sequence[UUID]) -> list[Vod]:
    """Those of these clips that are there and public, in no order."""
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(SELECT + "WHERE v.id = ANY(%s) AND v.visibility = 'public'", (list(vod_ids),))
        return await cursor.fetchall()


async def of_show(db: Db, show_id: UUID, limit: int) -> list[Vod]:
    """The public recordings of a show, in its order."""
    async with db.cursor(row_factory=struct_row(Vod)) as cursor:
        await cursor.execute(
            SELECT + "WHERE v.show_id = %s AND v.visibility = 'public' ORDER BY v.begins_ms, v.id LIMIT %s",
            (show_id, limit),
        )
        return await cursor.fetchall()


async def change(db: Db, vod: Vod) -> None:
    """All that may change of it."""
    await db.execute(
        "UPDATE vods SET title = %s, visibility = %s, show_id = %s, begins_ms = %s WHERE id = %s",
        (vod.title, vod.visibility, vod.show_id, vod.begins_ms, vod.id),
    )


async def delete(db: Db, vod_id: UUID) -> None:
    await db.execute("DELETE FROM vods WHERE id = %s", (vod_id,))
