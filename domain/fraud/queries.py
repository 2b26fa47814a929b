"""All SQL of flags and of what raises them."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.fraud.model import Flag, FlagKind, FlagState, GiftsBetween
from livestreamx.engines.postgres import Db, struct_row

FLAG = """
SELECT f.id, f.kind, f.user_id, u.handle, f.subject, f.evidence, coalesce(w.locked_for IS NOT NULL, false)
       AS wallet_locked, f.created_at, f.resolved_at, f.resolved_by, f.note
FROM fraud_flags f JOIN users u ON u.id = f.user_id LEFT JOIN ledger.wallet w ON w.user_id = f.user_id
"""


async def raise_flag(db: Db, kind: FlagKind, user_id: UUID, subject: str, evidence: dict[str, Any]) -> UUID | None:
    """The new flag's id, None while one of this kind, person and subject is open."""
    done = await db.execute(
        "INSERT INTO fraud_flags (kind, user_id, subject, evidence) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (kind, user_id, subject) WHERE resolved_at IS NULL DO NOTHING RETURNING id",
        (kind, user_id, subject, Jsonb(evidence)),
    )
    row = await done.fetchone()
    return row[0] if row else None


async def flags(db: Db, state: FlagState, before: UUID | None, limit: int) -> list[Flag]:
    """Newest first (their ids rise with time); `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Flag)) as cursor:
        await cursor.execute(
            FLAG + "WHERE (f.resolved_at IS NULL) = %s "
            "AND f.id < coalesce(%s, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY f.id DESC LIMIT %s",
            (state == "open", before, limit),
        )
        return await cursor.fetchall()


async def flag(db: Db, flag_id: UUID) -> Flag | None:
    async with db.cursor(row_factory=struct_row(Flag)) as cursor:
        await cursor.execute(FLAG + "WHERE f.id = %s", (flag_id,))
        return await cursor.fetchone()


async def resolve(db: Db, flag_id: UUID, admin_id: UUID, note: str) -> bool:
    """Whether it was open."""
    done = await db.execute(
        "UPDATE fraud_flags SET resolved_at = clock_timestamp(), resolved_by = %s, note = %s "
        "WHERE id = %s AND resolved_at IS NULL",
        (admin_id, note, flag_id),
    )
    return done.rowcount == 1


async def gifts_between(db: Db, sender: UUID, stream_id: UUID, hours: int) -> tuple[UUID, GiftsBetween] | None:
    """The stream's creator, and the paid tokens that they and the sender gave each other in the last hours."""
    done = await db.execute(
        """
        SELECT s.creator_id,
               (SELECT coalesce(sum(paid), 0) FROM gift_events WHERE from_user_id = %(sender)s
                AND to_creator_id = s.creator_id AND created_at > now() - make_interval(hours => %(hours)s))::bigint,
               (SELECT coalesce(sum(paid), 0) FROM gift_events WHERE from_user_id = s.creator_id
                AND to_creator_id = %(sender)s AND created_at > now() - make_interval(hours => %(hours)s))::bigint
        FROM streams s WHERE s.id = %(stream)s
        """,
        {"sender": sender, "stream": stream_id, "hours": hours},
    )
    row = await done.fetchone()
    return (row[0], GiftsBetween(given=row[1], returned=row[2])) if row else None
