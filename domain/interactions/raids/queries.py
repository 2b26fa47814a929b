"""All SQL of raids and of who does not want any. That a raid ends once is a trigger of its table."""

from uuid import UUID

from domain.interactions.raids.model import WINDOW_SECONDS, Raid
from livestreamx.engines.postgres import Db, struct_row

SELECT = """
SELECT r.id, r.stream_id, r.creator_id, f.handle, r.target_id, r.target_creator_id, t.handle AS target_handle,
       there.title AS target_title, r.state, r.started_by, r.started_at, r.goes_at, here.status = 'live' AS is_live,
       there.status = 'live' AND there.visibility <> 'private' AS is_target_live
FROM raids r JOIN users f ON f.id = r.creator_id JOIN users t ON t.id = r.target_creator_id
JOIN streams here ON here.id = r.stream_id JOIN streams there ON there.id = r.target_id
"""


async def insert(
    db: Db, *, stream_id: UUID, creator_id: UUID, target_id: UUID, target_creator_id: UUID, started_by: UUID
) -> UUID:
    """`UniqueViolation` while another raid waits to leave the stream."""
    done = await db.execute(
        "INSERT INTO raids (stream_id, creator_id, target_id, target_creator_id, started_by, started_at, goes_at) "
        "SELECT %s, %s, %s, %s, %s, at, at + make_interval(secs => %s) FROM clock_timestamp() AS at RETURNING id",
        (stream_id, creator_id, target_id, target_creator_id, started_by, WINDOW_SECONDS),
    )
    raid_id: UUID = (await done.fetchall())[0][0]
    return raid_id


async def find(db: Db, raid_id: UUID) -> Raid | None:
    async with db.cursor(row_factory=struct_row(Raid)) as cursor:
        await cursor.execute(SELECT + "WHERE r.id = %s", (raid_id,))
        return await cursor.fetchone()


async def pending_of(db: Db, stream_id: UUID) -> Raid | None:
    """The raid that waits to leave a stream, locked."""
    async with db.cursor(row_factory=struct_row(Raid)) as cursor:
        await cursor.execute(
            SELECT + "WHERE r.stream_id = %s AND r.state = 'pending' FOR NO KEY UPDATE OF r", (stream_id,)
        )
        return await cursor.fetchone()


async def claim_due(db: Db) -> Raid | None:
    """A raid whose time has come; nobody else has it while the transaction lasts."""
    async with db.cursor(row_factory=struct_row(Raid)) as cursor:
        await cursor.execute(
            SELECT + "WHERE r.state = 'pending' AND r.goes_at <= clock_timestamp() ORDER BY r.goes_at LIMIT 1 "
            "FOR NO KEY UPDATE OF r SKIP LOCKED"
        )
        return await cursor.fetchone()


async def finish(db: Db, raid_id: UUID, state: str) -> None:
    await db.execute("UPDATE raids SET state = %s, ended_at = clock_timestamp() WHERE id = %s", (state, raid_id))


# who does not want any


async def refuses(db: Db, creator_id: UUID) -> bool:
    done = await db.execute("SELECT FROM raid_refusals WHERE creator_id = %s", (creator_id,))
    return done.rowcount == 1


async def set_refusal(db: Db, creator_id: UUID, refuses: bool) -> None:
    if refuses:
        await db.execute("INSERT INTO raid_refusals VALUES (%s) ON CONFLICT DO NOTHING", (creator_id,))
    else:
        await db.execute("DELETE FROM raid_refusals WHERE creator_id = %s", (creator_id,))
