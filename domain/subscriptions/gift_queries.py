"""All SQL of gifts of subscriptions."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.subscriptions.facts import GiftFact
from domain.subscriptions.model import GIFT_DAYS, Gift, GiftOrder, GiftState, Tier
from domain.subscriptions.queries import Settlement
from livestreamx.engines.postgres import Db, struct_row

GIFT = """
SELECT g.id, g.giver_id, u.handle, g.creator_id, c.handle AS creator, g.recipient_id, g.tier, g.qty, g.given,
       g.price_minor, g.currency, g.checkout_url, g.state, g.created_at
FROM subscription_gifts g JOIN users u ON u.id = g.giver_id JOIN users c ON c.id = g.creator_id
"""


async def enter(db: Db, order: GiftOrder, tier: Tier) -> Gift:
    """The gift of this person and key: the one that is there already, or a new one."""
    asked = msgspec.structs.asdict(order) | msgspec.structs.asdict(tier)
    async with db.cursor(row_factory=struct_row(Gift)) as cursor:
        await cursor.execute(
            "INSERT INTO subscription_gifts (giver_id, creator_id, recipient_id, tier, qty, price_minor, currency, "
            "idempotency_key) VALUES (%(giver_id)s, %(creator_id)s, %(recipient_id)s, %(tier)s, %(qty)s, "
            "%(price_minor)s, %(currency)s, %(key)s) ON CONFLICT (giver_id, idempotency_key) DO NOTHING",
            asked,
        )
        await cursor.execute(GIFT + "WHERE g.giver_id = %(giver_id)s AND g.idempotency_key = %(key)s", asked)
        return (await cursor.fetchall())[0]


async def by_key(db: Db, giver_id: UUID, key: str) -> Gift | None:
    async with db.cursor(row_factory=struct_row(Gift)) as cursor:
        await cursor.execute(GIFT + "WHERE g.giver_id = %s AND g.idempotency_key = %s", (giver_id, key))
        return await cursor.fetchone()


async def keep_checkout(db: Db, gift_id: UUID, session: str, url: str) -> None:
    """Where it is paid."""
    await db.execute(
        "UPDATE subscription_gifts SET checkout_session = %s, checkout_url = %s WHERE id = %s", (session, url, gift_id)
    )


async def find(db: Db, gift_id: UUID) -> Gift | None:
    async with db.cursor(row_factory=struct_row(Gift)) as cursor:
        await cursor.execute(GIFT + "WHERE g.id = %s", (gift_id,))
        return await cursor.fetchone()


async def lock(db: Db, gift_id: UUID) -> Gift | None:
    """The gift, which nobody else changes before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Gift)) as cursor:
        await cursor.execute(GIFT + "WHERE g.id = %s FOR NO KEY UPDATE OF g", (gift_id,))
        return await cursor.fetchone()


async def of_giver(db: Db, giver_id: UUID, limit: int) -> list[Gift]:
    """The newest that were paid."""
    async with db.cursor(row_factory=struct_row(Gift)) as cursor:
        await cursor.execute(
            GIFT + "WHERE g.giver_id = %s AND g.state IN ('paid', 'given', 'refunded') ORDER BY g.id DESC LIMIT %s",
            (giver_id, limit),
        )
        return await cursor.fetchall()


async def take(db: Db, fact: GiftFact) -> Settlement:
    """One round trip: the fact, and the ledger that follows it."""
    async with db.cursor(row_factory=struct_row(Settlement)) as cursor:
        await cursor.execute(
            "SELECT * FROM ledger.take_gift_event(%(event_id)s, %(event_type)s, %(gift_id)s, %(payment_intent)s, "
            "%(paid_minor)s, %(currency)s)",
            msgspec.structs.asdict(fact),
        )
        return (await cursor.fetchall())[0]


async def give_up(db: Db, gift_id: UUID) -> None:
    """Stripe said that no money will come."""
    await db.execute("UPDATE subscription_gifts SET state = 'failed' WHERE id = %s AND state = 'created'", (gift_id,))


async def was_paid(db: Db, gift_id: UUID) -> bool:
    """Whether its money came, wherever it is now."""
    done = await db.execute(
        "SELECT EXISTS (SELECT FROM channel_charges c JOIN payment_facts f USING (payment_intent) "
        "WHERE c.gift_id = %s AND (f.paid_minor, f.currency) = (c.price_minor, c.currency))",
        (gift_id,),
    )
    return bool((await done.fetchall())[0][0])


async def move(db: Db, gift_id: UUID, state: GiftState) -> None:
    await db.execute(
        "UPDATE subscription_gifts SET state = %s, paid_at = coalesce(paid_at, clock_timestamp()) WHERE id = %s",
        (state, gift_id),
    )


async def given(db: Db, gift_id: UUID) -> list[UUID]:
    """The subscriptions that it became."""
    found = await db.execute("SELECT id FROM subscriptions WHERE gift_id = %s ORDER BY id", (gift_id,))
    return [row[0] for row in await found.fetchall()]


async def refuses(db: Db, user_id: UUID) -> bool:
    """Whether somebody does not want to be given subscriptions."""
    done = await db.execute("SELECT EXISTS (SELECT FROM gift_refusals WHERE user_id = %s)", (user_id,))
    return bool((await done.fetchall())[0][0])


async def choose(db: Db, user_id: UUID, *, accept: bool) -> None:
    """Whether somebody may be given subscriptions."""
    if accept:
        await db.execute("DELETE FROM gift_refusals WHERE user_id = %s", (user_id,))
    else:
        await db.execute("INSERT INTO gift_refusals (user_id) VALUES (%s) ON CONFLICT DO NOTHING", (user_id,))


async def claim_owed(db: Db, pause_seconds: float) -> UUID | None:
    """A paid gift that nobody has looked for people for lately; nobody else's while the transaction lasts."""
    done = await db.execute(
        "UPDATE subscription_gifts SET looked_at = clock_timestamp() WHERE id = ("
        "SELECT id FROM subscription_gifts WHERE state = 'paid' "
        "AND looked_at <= clock_timestamp() - make_interval(secs => %s) "
        "ORDER BY looked_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
        (pause_seconds,),
    )
    row = await done.fetchone()
    return None if row is None else row[0]


async def who_may_get(db: Db, gift: Gift, people: Sequence[UUID]) -> list[UUID]:
    """Those of these people who can be given one: not subscribed, not banned, and not against it."""
    found = await db.execute(
        "SELECT u.id FROM users u WHERE u.id = ANY (%(people)s) AND u.id <> %(giver)s AND u.id <> %(creator)s "
        "AND NOT EXISTS (SELECT FROM gift_refusals r WHERE r.user_id = u.id) "
        "AND NOT EXISTS (SELECT FROM bans_in_force b WHERE b.user_id = u.id AND b.creator_id = %(creator)s) "
        "AND NOT EXISTS (SELECT FROM channel_subscribers s WHERE s.user_id = u.id AND s.creator_id = %(creator)s "
        "AND s.until > clock_timestamp()) ORDER BY u.id",
        {"people": list(people), "giver": gift.giver_id, "creator": gift.creator_id},
    )
    return [row[0] for row in await found.fetchall()]


async def give(db: Db, gift: Gift, user_id: UUID) -> UUID | None:
    """A subscription of the gift, from now on; None if somebody else's gift came first."""
    done = await db.execute(
        "INSERT INTO subscriptions (user_id, creator_id, tier, price_minor, currency, gift_id, state, started_at, "
        "renews_at, due_at) SELECT %s, %s, %s, %s, %s, %s, 'active', at, until, until "
        "FROM (SELECT at, at + make_interval(days => %s) AS until FROM clock_timestamp() AS at) period "
        "ON CONFLICT DO NOTHING RETURNING id",
        (user_id, gift.creator_id, gift.tier, gift.price_minor, gift.currency, gift.id, GIFT_DAYS),
    )
    row = await done.fetchone()
    if row is None:
        return None
    await db.execute("UPDATE subscription_gifts SET given = given + 1 WHERE id = %s", (gift.id,))
    made: UUID = row[0]
    return made
