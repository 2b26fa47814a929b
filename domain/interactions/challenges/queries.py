"""All SQL of challenges. That a challenge moves forward only is a trigger of its table."""

from uuid import UUID

from domain.interactions.challenges.model import LEAD_SECONDS, SETTLE_SECONDS, Challenge, Draft, Due
from livestreamx.engines.postgres import Db, struct_row

LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
SELECT = """
SELECT c.id, c.stream_id, c.creator_id, c.made_by, u.handle, c.kind, c.target, c.reward, c.state, c.made_at,
       c.starts_at, c.ends_at, c.ended_at, c.progress, c.contributors
FROM challenges c JOIN users u ON u.id = c.made_by
"""


async def insert(db: Db, *, stream_id: UUID, creator_id: UUID, made_by: UUID, draft: Draft) -> UUID:
    """It starts and ends with a whole second; `UniqueViolation` while the creator has another one on."""
    done = await db.execute(
        "INSERT INTO challenges (stream_id, creator_id, made_by, kind, target, reward, starts_at, ends_at) "
        "SELECT %s, %s, %s, %s, %s, %s, at, at + make_interval(secs => %s) "
        "FROM date_trunc('second', clock_timestamp() + make_interval(secs => %s)) AS at RETURNING id",
        (
            stream_id,
            creator_id,
            made_by,
            draft.kind,
            draft.target,
            draft.reward,
            draft.duration_s,
            LEAD_SECONDS + 1,
        ),
    )
    challenge_id: UUID = (await done.fetchall())[0][0]
    return challenge_id


async def find(db: Db, challenge_id: UUID) -> Challenge | None:
    async with db.cursor(row_factory=struct_row(Challenge)) as cursor:
        await cursor.execute(SELECT + "WHERE c.id = %s", (challenge_id,))
        return await cursor.fetchone()


async def find_locked(db: Db, challenge_id: UUID) -> Challenge | None:
    """The challenge, which nobody else moves before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Challenge)) as cursor:
        await cursor.execute(SELECT + "WHERE c.id = %s FOR NO KEY UPDATE OF c", (challenge_id,))
        return await cursor.fetchone()


async def claim(db: Db, challenge_id: UUID) -> Challenge | None:
    """A challenge that is on and that nobody else has while the transaction lasts."""
    async with db.cursor(row_factory=struct_row(Challenge)) as cursor:
        await cursor.execute(
            SELECT + "WHERE c.id = %s AND c.state IN ('pending', 'active') FOR NO KEY UPDATE OF c SKIP LOCKED",
            (challenge_id,),
        )
        return await cursor.fetchone()


async def active_in(db: Db, stream_id: UUID) -> Challenge | None:
    """The challenge of a stream that takes acts now; it does not end before this transaction."""
    async with db.cursor(row_factory=struct_row(Challenge)) as cursor:
        await cursor.execute(
            SELECT + "WHERE c.stream_id = %s AND c.state = 'active' AND c.ends_at > clock_timestamp() FOR SHARE OF c",
            (stream_id,),
        )
        return await cursor.fetchone()


async def of_stream(db: Db, stream_id: UUID, before: UUID | None, limit: int) -> list[Challenge]:
    """The newest first."""
    async with db.cursor(row_factory=struct_row(Challenge)) as cursor:
        await cursor.execute(
            SELECT + "WHERE c.stream_id = %s AND c.id < coalesce(%s::uuid, %s::uuid) ORDER BY c.id DESC LIMIT %s",
            (stream_id, before, LAST, limit),
        )
        return await cursor.fetchall()


async def due(db: Db) -> list[Due]:
    """All challenges that are on."""
    async with db.cursor(row_factory=struct_row(Due)) as cursor:
        await cursor.execute(
            "SELECT c.id, c.starts_at <= clock_timestamp() AS is_begun, "
            "c.ends_at + make_interval(secs => %s) <= clock_timestamp() AS is_settled, s.status = 'live' AS is_live "
            "FROM challenges c JOIN streams s ON s.id = c.stream_id WHERE c.state IN ('pending', 'active') "
            "ORDER BY c.ends_at",
            (SETTLE_SECONDS,),
        )
        return await cursor.fetchall()


async def set_state(db: Db, challenge_id: UUID, state: str, *, progress: int = 0, contributors: int = 0) -> None:
    await db.execute(
        "UPDATE challenges SET state = %(state)s, progress = %(progress)s, contributors = %(contributors)s, "
        "ended_at = CASE WHEN %(state)s <> 'active' THEN clock_timestamp() END WHERE id = %(id)s",
        {"state": state, "progress": progress, "contributors": contributors, "id": challenge_id},
    )
