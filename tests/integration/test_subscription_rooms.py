"""What a subscription is worth in the room: the badge, and chats that only subscribers may write in."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis as AsyncRedis

from domain.subscriptions import intake, keeping, queries
from domain.subscriptions.facts import InvoiceFact, SubscriptionFact
from domain.subscriptions.model import Order, Tier
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")


async def subscribe(pool: Pool, redis: AsyncRedis, show: Show, tier: int = 2) -> UUID:
    """The viewer's first month is paid."""
    user, creator = UUID(show.viewer.user_id), UUID(show.creator.user_id)
    order = Order(user_id=user, creator_id=creator, tier=tier, key=uuid4().hex)
    async with connection(pool) as db:
        made = await queries.insert(db, order, Tier(tier=tier, price_minor=999, currency="usd"))
    assert made is not None
    paid = InvoiceFact(
        event_id=uuid4().hex,
        event_type="invoice.paid",
        invoice=uuid4().hex,
        subscription_id=made,
        paid_minor=999,
        currency="usd",
        period_start=now(),
        period_end=now() + timedelta(days=30),
    )
    assert await intake.take(pool, redis, paid) == "settled"
    return made


async def test_who_subscribes_may_write_and_wears_it(show: Show, pool: Pool, redis: AsyncRedis) -> None:
    await show.creator.call("PUT", f"/api/streams/{show.stream}/chat/mode", {"subscribersOnly": True})
    viewer, other = await show.enter(show.viewer), await show.enter()
    await viewer.until(lambda v: v.seen("room:state") and v.seen("room:state")[-1]["data"]["mode"]["subscribersOnly"])
    refused = await viewer.ask("chat:message", {"text": "let me in"})
    assert (refused["data"]["code"], refused["data"]["mode"]) == ("mode_restricted", "subscribers")
    made = await subscribe(pool, redis, show)
    changed = await viewer.first("standing:changed")
    assert (changed["tier"], changed["moderator"], changed["banned"]) == (2, False, False)
    await viewer.say("I subscribe")
    await other.until(lambda v: v.seen("chat:message"))
    assert other.seen("chat:message")[-1]["data"]["user"]["badges"][-1:] == ["subscriber_2"]
    over = SubscriptionFact(
        event_id=uuid4().hex, event_type="customer.subscription.deleted", subscription_id=made, is_over=True
    )
    assert await intake.take(pool, redis, over) == "settled"
    async with connection(pool) as db:
        await db.execute(
            "UPDATE invoice_facts SET period_end = now() - interval '1 day' WHERE subscription_id = %s", (made,)
        )
        await db.execute("UPDATE subscriptions SET due_at = now() - interval '1 day' WHERE id = %s", (made,))
    while await keeping.move_due(pool, redis):
        pass
    await viewer.until(lambda v: len(v.seen("standing:changed")) == 2)
    assert viewer.seen("standing:changed")[-1]["data"]["tier"] is None
