"""All SQL of subscriptions. How money follows facts is decided by functions of the `ledger` schema."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from domain.subscriptions.facts import InvoiceFact, SubscriptionFact
from domain.subscriptions.lifecycle import Known, Standing
from domain.subscriptions.model import GIFT_DAYS, Order, Subscribers, Subscription, Tier
from livestreamx.engines.postgres import Db, struct_row

LAST = UUID(int=2**128 - 1)
SUBSCRIPTION = """
SELECT s.id, s.user_id, u.handle, s.creator_id, c.handle AS creator, s.tier, s.price_minor, s.currency, s.gift_id,
       s.state, s.checkout_session, s.checkout_url, s.stripe_id, s.gave_up, s.canceled_at, s.is_over, s.started_at,
       s.renews_at, s.created_at
FROM subscriptions s JOIN users u ON u.id = s.user_id JOIN users c ON c.id = s.creator_id
"""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What one event led to, as `ledger.charge_settlement` has it; `moved` in hundredths of a cent."""

    outcome: str
    charge_id: UUID | None = None
    subscription_id: UUID | None = None
    gift_id: UUID | None = None
    creator_id: UUID | None = None
    payer_id: UUID | None = None
    moved: int = 0
    kept_minor: int = 0
    is_first: bool = False


async def tiers(db: Db) -> list[Tier]:
    async with db.cursor(row_factory=struct_row(Tier)) as cursor:
        await cursor.execute("SELECT tier, price_minor, currency FROM subscription_tiers ORDER BY tier")
        return await cursor.fetchall()


async def upsert_tiers(db: Db, wanted: Iterable[Tier]) -> int:
    """How many tiers were new or changed."""
    changed = 0
    for tier in wanted:
        done = await db.execute(
            "INSERT INTO subscription_tiers AS known (tier, price_minor, currency) "
            "VALUES (%(tier)s, %(price_minor)s, %(currency)s) ON CONFLICT (tier) DO UPDATE "
            "SET price_minor = excluded.price_minor, currency = excluded.currency "
            "WHERE (known.price_minor, known.currency) IS DISTINCT FROM (excluded.price_minor, excluded.currency)",
            msgspec.structs.asdict(tier),
        )
        changed += done.rowcount
    return changed


async def insert(db: Db, order: Order, tier: Tier) -> UUID | None:
    """None if the person has an open subscription to the channel, or has used the key, already."""
    done = await db.execute(
        "INSERT INTO subscriptions (user_id, creator_id, tier, price_minor, currency, idempotency_key) "
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        (order.user_id, order.creator_id, tier.tier, tier.price_minor, tier.currency, order.key),
    )
    row = await done.fetchone()
    return None if row is None else row[0]


async def keep_checkout(db: Db, subscription_id: UUID, session: str, url: str) -> None:
    """Where it is paid."""
    await db.execute(
        "UPDATE subscriptions SET checkout_session = %s, checkout_url = %s WHERE id = %s",
        (session, url, subscription_id),
    )


async def find(db: Db, subscription_id: UUID) -> Subscription | None:
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(SUBSCRIPTION + "WHERE s.id = %s", (subscription_id,))
        return await cursor.fetchone()


async def lock(db: Db, subscription_id: UUID) -> Subscription | None:
    """The subscription, which nobody else changes before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(SUBSCRIPTION + "WHERE s.id = %s FOR NO KEY UPDATE OF s", (subscription_id,))
        return await cursor.fetchone()


async def by_key(db: Db, user_id: UUID, key: str) -> Subscription | None:
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(SUBSCRIPTION + "WHERE s.user_id = %s AND s.idempotency_key = %s", (user_id, key))
        return await cursor.fetchone()


async def open_one(db: Db, user_id: UUID, creator_id: UUID, *, given: bool = False) -> Subscription | None:
    """What somebody ordered of a channel, or was given, and is not over."""
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(
            SUBSCRIPTION + "WHERE s.user_id = %s AND s.creator_id = %s AND s.state <> 'expired' "
            "AND (s.gift_id IS NOT NULL) = %s",
            (user_id, creator_id, given),
        )
        return await cursor.fetchone()


async def latest(db: Db, user_id: UUID, creator_id: UUID) -> Subscription | None:
    """What counts of somebody's subscriptions to a channel: one that lasts before one to be paid before the latest."""
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(
            SUBSCRIPTION + "WHERE s.user_id = %s AND s.creator_id = %s ORDER BY "
            "s.state IN ('active', 'past_due', 'canceled') DESC, s.state = 'incomplete' DESC, s.gift_id IS NULL DESC, "
            "s.id DESC LIMIT 1",
            (user_id, creator_id),
        )
        return await cursor.fetchone()


async def of_user(db: Db, user_id: UUID, before: UUID | None, limit: int) -> list[Subscription]:
    """Newest first (their ids rise with time); `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(
            SUBSCRIPTION + "WHERE s.user_id = %s AND s.id < %s ORDER BY s.id DESC LIMIT %s",
            (user_id, before or LAST, limit),
        )
        return await cursor.fetchall()


async def of_creator(db: Db, creator_id: UUID, before: UUID | None, limit: int) -> list[Subscription]:
    """Those that last, newest first; `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Subscription)) as cursor:
        await cursor.execute(
            SUBSCRIPTION + "WHERE s.creator_id = %s AND s.state IN ('active', 'past_due', 'canceled') AND s.id < %s "
            "ORDER BY s.id DESC LIMIT %s",
            (creator_id, before or LAST, limit),
        )
        return await cursor.fetchall()


async def subscribers(db: Db, creator_id: UUID) -> list[Subscribers]:
    """Every tier, also those without anybody."""
    async with db.cursor(row_factory=struct_row(Subscribers)) as cursor:
        await cursor.execute(
            "SELECT t.tier, count(DISTINCT s.user_id) AS subscribers, "
            "count(s.id) FILTER (WHERE renews) AS paying, count(s.id) FILTER (WHERE s.gift_id IS NOT NULL) AS gifted, "
            "coalesce(sum(s.price_minor) FILTER (WHERE renews), 0)::bigint AS mrr_minor "
            "FROM subscription_tiers t LEFT JOIN subscriptions s ON s.tier = t.tier AND s.creator_id = %s "
            "AND s.state IN ('active', 'past_due', 'canceled') "
            "CROSS JOIN LATERAL (SELECT s.state <> 'canceled' AND s.gift_id IS NULL AS renews) r "
            "GROUP BY t.tier ORDER BY t.tier",
            (creator_id,),
        )
        return await cursor.fetchall()


# what Stripe said, and what follows from it


async def take_invoice(db: Db, fact: InvoiceFact) -> Settlement:
    """One round trip: the fact, and the ledger that follows it."""
    async with db.cursor(row_factory=struct_row(Settlement)) as cursor:
        await cursor.execute(
            "SELECT * FROM ledger.take_invoice_event(%(event_id)s, %(event_type)s, %(invoice)s, %(subscription_id)s, "
            "%(payment_intent)s, %(paid_minor)s, %(currency)s, %(failed)s, %(period_start)s, %(period_end)s)",
            msgspec.structs.asdict(fact),
        )
        return (await cursor.fetchall())[0]


async def settle_intent(db: Db, payment_intent: str) -> Settlement:
    """Follows what was said of a payment; `kept` where it pays for no channel that is known."""
    async with db.cursor(row_factory=struct_row(Settlement)) as cursor:
        await cursor.execute("SELECT * FROM ledger.settle_intent(%s)", (payment_intent,))
        return (await cursor.fetchall())[0]


async def note_event(db: Db, event_id: str, event_type: str) -> bool:
    """Whether this event of Stripe is new."""
    done = await db.execute("SELECT ledger.note_stripe_event(%s, %s)", (event_id, event_type))
    return bool((await done.fetchall())[0][0])


async def note(db: Db, subscription_id: UUID, fact: SubscriptionFact | InvoiceFact) -> None:
    """Keep what this fact says of a subscription."""
    said = fact if isinstance(fact, SubscriptionFact) else None
    await db.execute(
        "UPDATE subscriptions SET stripe_id = coalesce(stripe_id, %s), gave_up = gave_up OR %s, "
        "canceled_at = coalesce(canceled_at, CASE WHEN %s THEN clock_timestamp() END), is_over = is_over OR %s "
        "WHERE id = %s",
        (
            fact.stripe_id,
            said is not None and said.gave_up,
            said is not None and said.canceled,
            said is not None and said.is_over,
            subscription_id,
        ),
    )


async def cancel(db: Db, subscription_id: UUID) -> None:
    """Nobody wants another month of it."""
    await db.execute(
        "UPDATE subscriptions SET canceled_at = coalesce(canceled_at, clock_timestamp()) WHERE id = %s",
        (subscription_id,),
    )


async def give_up(db: Db, subscription_id: UUID) -> None:
    """It will not be paid."""
    await db.execute("UPDATE subscriptions SET gave_up = true WHERE id = %s", (subscription_id,))


async def known(db: Db, subscription_id: UUID) -> tuple[Known, datetime | None]:
    """What is known of a subscription by now, and since when it is paid. Months whose money went back are not."""
    async with db.cursor() as cursor:
        await cursor.execute(
            "SELECT CASE WHEN s.gift_id IS NULL THEN c.until WHEN g.state IN ('paid', 'given') "
            "THEN s.started_at + make_interval(days => %s) END AS paid_until, "
            "coalesce(c.was_paid, s.gift_id IS NOT NULL) AS was_paid, "
            "coalesce(c.failed_until > c.until, false) AS failed, "
            "s.canceled_at IS NOT NULL AS canceled, s.is_over, s.gift_id IS NOT NULL AS is_gift, s.gave_up, c.since "
            "FROM subscriptions s LEFT JOIN subscription_gifts g ON g.id = s.gift_id LEFT JOIN LATERAL ("
            "SELECT max(i.period_end) FILTER (WHERE c.share > 0) AS until, "
            "min(i.period_start) FILTER (WHERE i.paid_minor IS NOT NULL) AS since, "
            "bool_or((i.paid_minor, i.currency) IS NOT DISTINCT FROM (c.price_minor, c.currency)) AS was_paid, "
            "max(i.period_end) FILTER (WHERE i.failed AND i.paid_minor IS NULL) AS failed_until "
            "FROM channel_charges c JOIN invoice_facts i USING (invoice) WHERE c.subscription_id = s.id) c ON true "
            "WHERE s.id = %s",
            (GIFT_DAYS, subscription_id),
        )
        *facts, since = (await cursor.fetchall())[0]
        return msgspec.convert(dict(zip(Known.__struct_fields__, facts, strict=True)), Known), since


async def period_of(db: Db, charge_id: UUID) -> tuple[datetime, datetime]:
    """From when to when this charge pays."""
    done = await db.execute(
        "SELECT i.period_start, i.period_end FROM channel_charges c JOIN invoice_facts i USING (invoice) "
        "WHERE c.id = %s",
        (charge_id,),
    )
    since, until = (await done.fetchall())[0]
    return since, until


async def is_first_charge(db: Db, subscription_id: UUID, charge_id: UUID) -> bool:
    """Whether no other month of this subscription was credited before."""
    done = await db.execute(
        "SELECT NOT EXISTS (SELECT FROM channel_charges WHERE subscription_id = %s AND id <> %s AND steps > 0)",
        (subscription_id, charge_id),
    )
    return bool((await done.fetchall())[0][0])


async def settle(
    db: Db, subscription_id: UUID, now: Standing, since: datetime | None, paid_until: datetime | None
) -> None:
    """Write how a subscription stands; one that nobody paid keeps no time."""
    await db.execute(
        "UPDATE subscriptions SET state = %s, due_at = %s, started_at = least(started_at, %s), renews_at = %s "
        "WHERE id = %s",
        (now.state, now.due_at, since, paid_until, subscription_id),
    )


async def claim_due(db: Db) -> UUID | None:
    """A subscription whose state time alone may change; nobody else's while the transaction lasts."""
    done = await db.execute(
        "SELECT id FROM subscriptions WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 1 "
        "FOR NO KEY UPDATE SKIP LOCKED"
    )
    row = await done.fetchone()
    return None if row is None else row[0]
