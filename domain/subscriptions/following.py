"""Bringing a subscription to the state that is known of it, with its events; whoever learned something calls it."""

from typing import Any, Literal
from uuid import UUID

import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.fraud import service as fraud
from domain.moderation.news import tell_standing
from domain.streams import queries as streams
from domain.subscriptions import queries
from domain.subscriptions.lifecycle import Known, Standing, standing
from domain.subscriptions.model import Subscription
from domain.subscriptions.queries import Settlement
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db
from livestreamx.events import (
    SubscriptionCanceled,
    SubscriptionEvent,
    SubscriptionExpired,
    SubscriptionOverdue,
    SubscriptionPaid,
    SubscriptionRenewed,
    SubscriptionReversed,
    SubscriptionStarted,
)

log = structlog.get_logger("domain.subscriptions")

Person = tuple[UUID, UUID]
"""A subscriber and a channel."""


async def tell(redis: AsyncRedis, changed: list[Person]) -> None:
    """Let gateways look again at who these people are in these channels, once that has committed."""
    for user_id, creator_id in changed:
        await tell_standing(redis, user_id, creator_id)


async def follow(
    db: Db, subscription_id: UUID, done: Settlement | None = None, *, request_id: str = ""
) -> list[Person]:
    """Bring a subscription to the state that is known of it, with its events; whose standing it changed."""
    before = await queries.lock(db, subscription_id)
    if before is None:
        raise LookupError(f"subscription {subscription_id}")
    facts, since = await queries.known(db, subscription_id)
    after = standing(facts, now())
    if before.state == "expired" and after.state != "expired" and await _is_doubled(db, before, request_id):
        after = Standing("expired")
    await queries.settle(db, subscription_id, after, since, facts.paid_until)
    for event in await _news(db, before, after, facts, done):
        await record(db, event, request_id=request_id)
    if before.state == after.state:
        return []
    log.info("subscription_moved", subscription=str(subscription_id), state=after.state, before=before.state)
    return [(before.user_id, before.creator_id)]


async def _is_doubled(db: Db, late: Subscription, request_id: str) -> bool:
    """Whether there is another one by now; if both were paid an admin is shown it, to give one of them back."""
    other = await queries.open_one(db, late.user_id, late.creator_id, given=late.gift_id is not None)
    if other is not None and late.gift_id is None:
        evidence = {"other": str(other.id)}
        await fraud.flag_once(db, "second_payment", late.user_id, str(late.id), evidence, request_id=request_id)
    return other is not None


async def _news(
    db: Db, before: Subscription, after: Standing, facts: Known, done: Settlement | None
) -> list[SubscriptionEvent]:
    """An event for each month that was paid or taken back, and one for the state where that is news of its own."""
    on_air = await streams.on_air(db, before.creator_id)
    about: dict[str, Any] = {
        "stream_id": on_air.id if on_air else None,
        "creator_id": before.creator_id,
        "user_id": before.user_id,
        "subscription_id": before.id,
        "handle": before.handle,
        "tier": before.tier,
        "amount_minor": before.price_minor,
        "currency": before.currency,
        "state": after.state,
    }
    events: list[SubscriptionEvent] = []
    if done is not None and done.charge_id is not None and done.is_first:
        paid_since, paid_until = await queries.period_of(db, done.charge_id)
        is_start = await queries.is_first_charge(db, before.id, done.charge_id)
        paid: type[SubscriptionPaid] = SubscriptionStarted if is_start else SubscriptionRenewed
        events.append(paid(**about, since=paid_since, until=paid_until))
    elif done is not None and done.moved:
        change: Literal["taken", "put_back"] = "taken" if done.moved < 0 else "put_back"
        events.append(SubscriptionReversed(**about, change=change, share=abs(done.moved)))
    if before.state != after.state:
        if after.state == "canceled":
            assert facts.paid_until is not None
            events.append(SubscriptionCanceled(**about, until=facts.paid_until))
        elif after.state == "past_due":
            events.append(SubscriptionOverdue(**about))
        elif after.state == "expired" and facts.was_paid:
            events.append(SubscriptionExpired(**about))
    return events
