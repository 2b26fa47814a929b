"""All SQL of what admins look up; each list newest first, from an id on that its last row had."""

from uuid import UUID

from domain.administration.model import Found, Purchase
from domain.economy.model import GiftEvent
from domain.economy.queries import SENT
from livestreamx.engines.postgres import Db, struct_row

LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
FOUND = """
SELECT u.id, u.handle, u.email, u.roles, (w.paid / 100)::bigint AS paid, (w.bonus / 100)::bigint AS bonus, w.locked_for,
       u.created_at
FROM users u JOIN ledger.wallet w ON w.user_id = u.id
"""


async def people(db: Db, text: str, before: UUID | None, limit: int) -> list[Found]:
    """Accounts whose handle begins so, or with this e-mail or id; all for an empty text."""
    async with db.cursor(row_factory=struct_row(Found)) as cursor:
        await cursor.execute(
            FOUND + "WHERE u.id < coalesce(%(before)s, %(last)s::uuid) AND (starts_with(u.handle, lower(%(text)s)) "
            "OR lower(u.email) = lower(%(text)s) OR u.id::text = lower(%(text)s)) ORDER BY u.id DESC LIMIT %(limit)s",
            {"text": text, "before": before, "last": LAST, "limit": limit},
        )
        return await cursor.fetchall()


async def person(db: Db, user_id: UUID) -> Found | None:
    async with db.cursor(row_factory=struct_row(Found)) as cursor:
        await cursor.execute(FOUND + "WHERE u.id = %s", (user_id,))
        return await cursor.fetchone()


async def gifts(db: Db, text: str, before: UUID | None, limit: int) -> list[GiftEvent]:
    """Gifts that this handle sent, or the one of this id."""
    async with db.cursor(row_factory=struct_row(GiftEvent)) as cursor:
        await cursor.execute(
            SENT + "WHERE (u.handle = %(text)s OR e.id::text = lower(%(text)s)) "
            "AND e.id < coalesce(%(before)s, %(last)s::uuid) ORDER BY e.id DESC LIMIT %(limit)s",
            {"text": text, "before": before, "last": LAST, "limit": limit},
        )
        return await cursor.fetchall()


PURCHASE = """
SELECT p.id, p.user_id, u.handle, p.tokens, p.credited, p.price_minor, coalesce(f.refunded_minor, 0) AS refunded_minor,
       p.currency, p.state, p.created_at
FROM payments p JOIN users u ON u.id = p.user_id LEFT JOIN payment_facts f USING (payment_intent)
"""


async def purchases(db: Db, text: str, before: UUID | None, limit: int) -> list[Purchase]:
    """Purchases of this handle, or the one of this id."""
    async with db.cursor(row_factory=struct_row(Purchase)) as cursor:
        await cursor.execute(
            PURCHASE + "WHERE (u.handle = %(text)s OR p.id::text = lower(%(text)s)) "
            "AND p.id < coalesce(%(before)s, %(last)s::uuid) ORDER BY p.id DESC LIMIT %(limit)s",
            {"text": text, "before": before, "last": LAST, "limit": limit},
        )
        return await cursor.fetchall()


async def purchase(db: Db, payment_id: UUID) -> Purchase | None:
    async with db.cursor(row_factory=struct_row(Purchase)) as cursor:
        await cursor.execute(PURCHASE + "WHERE p.id = %s", (payment_id,))
        return await cursor.fetchone()


async def remove_role(db: Db, user_id: UUID, role: str) -> bool:
    """Whether the account had it."""
    done = await db.execute(
        "UPDATE users SET roles = array_remove(roles, %s) WHERE id = %s AND %s = ANY (roles)", (role, user_id, role)
    )
    return done.rowcount == 1
