"""All SQL of flags and of what raises them."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.fraud.model import Flag, FlagKind, FlagState, GiftsBetween, Pace
from livestreamx.engines.postgres import Db, struct_row

FLAG = """
SELECT f.id, f.kind, f.user_id, u.handle, f.subject, f.evidence, coalesce(w.locked_for IS NOT NULL, false)
       AS wallet_locked, f.created_at, f.resolved_at, f.resolved_by, f.note
FROM fraud_flags f JOIN users u ON u.id = f.user_id LEFT JOIN ledger.wallet w ON w.user_id = f.user_id
"""


async def raise_flag(db: Db, kind: FlagKind, user_id: UUID, subject: str, evidence: dict[str, Any]) -> UUID | None:
    """The new flag's id, None while one of this kind, person and subject is open, and for who is not there."""
    done = await db.execute(
        "INSERT INTO fraud_flags (kind, user_id, subject, evidence) SELECT %s, id, %s, %s FROM users WHERE id = %s "
        "ON CONFLICT (kind, user_id, subject) WHERE resolved_at IS NULL DO NOTHING RETURNING id",
        (kind, subject, Jsonb(evidence), user_id),
    )
    row = await done.fetchone()
    return row[0] if row else None


async def was_raised(db: Db, kind: FlagKind, subject: str) -> bool:
    """Whether such a flag is or was there."""
    done = await db.execute("SELECT FROM fraud_flags WHERE kind = %s AND subject = %s LIMIT 1", (kind, subject))
    return await done.fetchone() is not None


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


# The newest gifts come first in the index of each bucket, and a sender who keeps to the limits has few an hour.
PACE = """
WITH legs AS (
    SELECT t.txn, t.amount, extract(epoch FROM clock_timestamp() - t.at) * 1000 AS age
    FROM users u
    CROSS JOIN LATERAL (VALUES (ledger.account_id(u.number, ledger.user_paid())),
                               (ledger.account_id(u.number, ledger.user_bonus()))) wallet (account)
    CROSS JOIN LATERAL (SELECT txn, amount, at FROM ledger.transfer
                        WHERE debit = wallet.account AND ledger.is_wallet(debit) AND flow = 'gift'
                        ORDER BY posting DESC LIMIT 2000) t
    WHERE u.id = %(sender)s
), sent AS (SELECT txn, min(age) AS age, sum(amount) / 100 AS tokens FROM legs GROUP BY txn),
recent AS (SELECT age FROM sent WHERE age < %(window)s ORDER BY age LIMIT %(most)s)
SELECT EXISTS (SELECT FROM gift_events WHERE from_user_id = %(sender)s AND idempotency_key = %(key)s) AS is_known,
       (SELECT count(*) FROM recent)::int AS sends,
       (SELECT coalesce(max(age), 0) FROM recent)::int AS oldest_send_ms,
       (SELECT coalesce(sum(tokens), 0) FROM sent WHERE age < 3600000)::bigint AS tokens,
       (SELECT coalesce(max(age), 0) FROM sent WHERE age < 3600000)::int AS oldest_token_ms
"""


async def pace(db: Db, sender: UUID, key: str, window_ms: int, most: int) -> Pace:
    """How fast somebody gives, by the ledger; whether this key has sent already. `most` sends are enough to know."""
    async with db.cursor(row_factory=struct_row(Pace)) as cursor:
        await cursor.execute(PACE, {"sender": sender, "key": key, "window": window_ms, "most": most})
        return (await cursor.fetchall())[0]


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
