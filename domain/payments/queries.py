"""All SQL of payments. How money follows facts is decided by functions of the `ledger` schema."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from domain.payments.facts import Fact
from domain.payments.model import ClaimMoved, Order, Pack, Payment, RefundWish, Settlement
from livestreamx.engines.postgres import Db, struct_row

PAYMENT = """
SELECT p.id, p.pack_id, p.tokens, p.price_minor, coalesce(f.refunded_minor, 0) AS refunded_minor, p.currency, p.state,
       p.credited, p.created_at, p.paid_at
FROM payments p LEFT JOIN payment_facts f USING (payment_intent)
"""


async def packs(db: Db) -> list[Pack]:
    """The smallest first."""
    async with db.cursor(row_factory=struct_row(Pack)) as cursor:
        await cursor.execute("SELECT id, tokens, price_minor, currency FROM token_packs ORDER BY tokens, id")
        return await cursor.fetchall()


async def upsert_packs(db: Db, wanted: Iterable[Pack]) -> int:
    """How many packs were new or changed."""
    changed = 0
    for pack in wanted:
        done = await db.execute(
            """
            INSERT INTO token_packs AS known (id, tokens, price_minor, currency)
            VALUES (%(id)s, %(tokens)s, %(price_minor)s, %(currency)s)
            ON CONFLICT (id) DO UPDATE
            SET tokens = excluded.tokens, price_minor = excluded.price_minor, currency = excluded.currency
            WHERE (known.tokens, known.price_minor, known.currency)
                IS DISTINCT FROM (excluded.tokens, excluded.price_minor, excluded.currency)
            """,
            msgspec.structs.asdict(pack),
        )
        changed += done.rowcount
    return changed


async def enter_order(db: Db, user_id: UUID, pack: Pack, idempotency_key: str) -> Order:
    """The order of this person and key: the one that is there already, or a new one."""
    async with db.cursor(row_factory=struct_row(Order)) as cursor:
        await cursor.execute(
            "INSERT INTO payments (user_id, pack_id, tokens, price_minor, currency, idempotency_key) "
            "VALUES (%(user)s, %(id)s, %(tokens)s, %(price_minor)s, %(currency)s, %(key)s) "
            "ON CONFLICT (user_id, idempotency_key) DO NOTHING",
            {**msgspec.structs.asdict(pack), "user": user_id, "key": idempotency_key},
        )
        await cursor.execute(
            "SELECT id, user_id, pack_id, tokens, price_minor, currency, checkout_url FROM payments "
            "WHERE user_id = %s AND idempotency_key = %s",
            (user_id, idempotency_key),
        )
        return (await cursor.fetchall())[0]


async def keep_checkout(db: Db, order_id: UUID, url: str) -> None:
    """Where this order is paid."""
    await db.execute("UPDATE payments SET checkout_url = %s WHERE id = %s", (url, order_id))


async def take(db: Db, fact: Fact) -> Settlement:
    """One round trip, one transaction: facts, ledger and the wallet's lock, or none of them."""
    async with db.cursor(row_factory=struct_row(Settlement)) as cursor:
        await cursor.execute(
            "SELECT outcome, payment_id, user_id, moved, state, locked, card, sharing_card "
            "FROM ledger.take_stripe_event("
            "%(event_id)s, %(event_type)s, %(payment_intent)s, %(payment_id)s, %(paid_minor)s, %(currency)s, "
            "%(gave_up)s, %(refunded_minor)s, %(card)s, %(dispute)s, %(disputed_minor)s, %(opened)s, %(won)s, "
            "%(lost)s)",
            msgspec.structs.asdict(fact),
        )
        return (await cursor.fetchall())[0]


async def payment(db: Db, user_id: UUID, payment_id: UUID) -> Payment | None:
    """A payment of this person."""
    async with db.cursor(row_factory=struct_row(Payment)) as cursor:
        await cursor.execute(PAYMENT + "WHERE p.id = %s AND p.user_id = %s", (payment_id, user_id))
        return await cursor.fetchone()


async def paid_by(db: Db, payment_intent: str) -> tuple[UUID, UUID] | None:
    """The payment, of tokens or for a channel, that this intent pays, and who pays it."""
    done = await db.execute(
        "SELECT id, user_id FROM payments WHERE payment_intent = %(intent)s "
        "UNION ALL SELECT id, payer_id FROM channel_charges WHERE payment_intent = %(intent)s",
        {"intent": payment_intent},
    )
    return await done.fetchone()


async def payments(db: Db, user_id: UUID, before: UUID | None, limit: int) -> list[Payment]:
    """Newest first (their ids rise with time); `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Payment)) as cursor:
        await cursor.execute(
            PAYMENT + "WHERE p.user_id = %s AND p.id < coalesce(%s, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) "
            "ORDER BY p.id DESC LIMIT %s",
            (user_id, before, limit),
        )
        return await cursor.fetchall()


async def ask_refund(db: Db, payment_id: UUID, user_id: UUID, days: int) -> RefundWish:
    """Sets the unspent tokens of a purchase aside, or says why not; an open wish is answered again."""
    async with db.cursor(row_factory=struct_row(RefundWish)) as cursor:
        await cursor.execute(
            "SELECT * FROM ledger.ask_refund(%s, %s, make_interval(days => %s))", (payment_id, user_id, days)
        )
        return (await cursor.fetchall())[0]


async def refuse_refund(db: Db, refund_id: UUID) -> bool:
    """Puts the tokens back into the wallet; whether they were waiting."""
    done = await db.execute("SELECT ledger.end_refund(%s, 'refused')", (refund_id,))
    return bool((await done.fetchall())[0][0])


async def claims_moved(db: Db, cause: str) -> list[ClaimMoved]:
    """The claims that this event of Stripe made or released."""
    async with db.cursor(row_factory=struct_row(ClaimMoved)) as cursor:
        await cursor.execute(
            "SELECT c.id, c.gift_event_id, u.id AS creator_id, c.tokens, c.share, c.state "
            "FROM ledger.claim c JOIN users u ON u.number = c.creator WHERE c.cause = %s ORDER BY c.state, c.id",
            (cause,),
        )
        return await cursor.fetchall()


async def debt(db: Db, user_id: UUID) -> int:
    """Tokens that this person owes, because they were spent before their payment was taken back."""
    done = await db.execute(
        "SELECT coalesce(-sum(posted), 0)::bigint / 100 FROM ledger.balance JOIN users "
        "ON account = ledger.account_id(users.number, ledger.user_debt()) WHERE users.id = %s",
        (user_id,),
    )
    return int((await done.fetchall())[0][0])


async def lift_locks(db: Db, user_id: UUID) -> None:
    """Unlocks a wallet, whatever locked it."""
    await db.execute("SELECT ledger.lift_locks(%s)", (user_id,))
