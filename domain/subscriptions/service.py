"""Subscribing to a channel and ending that, what somebody subscribes to, and who subscribes to a channel."""

from collections.abc import Sequence
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.accounts import queries as accounts
from domain.accounts.tokens import Claims
from domain.economy.model import KeyReused
from domain.economy.refusals import limits_explained
from domain.economy.service import check_key
from domain.moderation.service import require_welcome
from domain.payments.checkout import Checkout
from domain.payments.model import PaymentsOff, Sale
from domain.subscriptions import following, queries
from domain.subscriptions.model import (
    AlreadySubscribed,
    NotSubscribed,
    Order,
    SelfSubscription,
    Subscribers,
    Subscription,
    Tier,
    UnknownCreator,
    UnknownTier,
)
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Forbidden


async def tiers(pool: Pool) -> list[Tier]:
    """What there is, the cheapest first."""
    async with connection(pool) as db:
        return await queries.tiers(db)


async def find_tier(db: Db, tier: int) -> Tier:
    """`UnknownTier`."""
    found = next((one for one in await queries.tiers(db) if one.tier == tier), None)
    if found is None:
        raise UnknownTier()
    return found


async def find_channel(db: Db, buyer_id: UUID, creator_id: UUID) -> str:
    """The handle of a channel that this person may pay for; `UnknownCreator`, `SelfSubscription`, `Banned`."""
    creator = await accounts.find_user(db, creator_id)
    if creator is None or "creator" not in creator.roles:
        raise UnknownCreator()
    if buyer_id == creator_id:
        raise SelfSubscription()
    await require_welcome(db, buyer_id, creator_id)
    return creator.handle


async def subscribe(pool: Pool, checkout: Checkout | None, order: Order, *, site: str) -> tuple[Subscription, str]:
    """A subscription and the address to pay it at; the same one for the same key, and while it is not paid.

    Refusals: `PaymentsOff`, `UnknownCreator`, `UnknownTier`, `SelfSubscription`, `Banned`, `SelfExcluded`,
    `AlreadySubscribed`, `KeyReused`, `CheckoutClosed` and `CheckoutFailed` (try again with the same key), `Invalid`.
    """
    if checkout is None:
        raise PaymentsOff()
    check_key(order.key)
    wanted = await _enter(pool, checkout, order)
    if wanted.checkout_url is not None:
        return wanted, wanted.checkout_url
    page = await checkout.open(
        Sale(
            id=wanted.id,
            name="subscription_id",
            key="subscribe",
            title=f"Subscription to {wanted.creator}, tier {wanted.tier}",
            price_minor=wanted.price_minor,
            currency=wanted.currency,
            back=f"{site}/wallet/subscriptions",
            is_monthly=True,
        )
    )
    async with connection(pool) as db:
        await queries.keep_checkout(db, wanted.id, page.id, page.url)
    return wanted, page.url


async def _enter(pool: Pool, checkout: Checkout, order: Order) -> Subscription:
    """The order of this person and key, or one of theirs that is not paid yet; else a new one.

    Another tier closes the page of the one before, so that nobody pays both.
    """
    async with connection(pool) as db, limits_explained():
        if (known := await queries.by_key(db, order.user_id, order.key)) is not None:
            if (known.creator_id, known.tier) != (order.creator_id, order.tier):
                raise KeyReused("This key ordered another subscription")
            return known
        await find_channel(db, order.user_id, order.creator_id)
        tier = await find_tier(db, order.tier)
        before = await queries.open_one(db, order.user_id, order.creator_id)
        if before is not None and (before.state != "incomplete" or before.tier == order.tier):
            return _unpaid(before)
    if before is not None:
        await _abandon(pool, checkout, before)
    async with connection(pool) as db, limits_explained():
        made = await queries.insert(db, order, tier)
        entered = await queries.find(db, made) if made else await queries.open_one(db, order.user_id, order.creator_id)
    if entered is None or (made is None and entered.tier != order.tier):
        raise AlreadySubscribed("Another subscription of yours was ordered a moment ago: look again")
    return _unpaid(entered)


def _unpaid(found: Subscription) -> Subscription:
    if found.state != "incomplete":
        until = found.renews_at.isoformat() if found.ends and found.renews_at else None
        raise AlreadySubscribed(f"You subscribe to {found.creator} already", until=until)
    return found


async def _abandon(pool: Pool, checkout: Checkout, unpaid: Subscription) -> None:
    """Nobody pays this one any more: its page is closed first, if it has one. `CheckoutClosed`, `CheckoutFailed`."""
    if unpaid.checkout_session is not None:
        await checkout.close(unpaid.checkout_session)
    async with transaction(pool) as db:
        await queries.give_up(db, unpaid.id)
        await following.follow(db, unpaid.id)


async def cancel(
    pool: Pool, redis: AsyncRedis, checkout: Checkout | None, user_id: UUID, creator_id: UUID, *, request_id: str = ""
) -> Subscription:
    """Let the subscription end with the month that is paid, or give one up that is not paid; again changes nothing.

    `NotSubscribed`, `PaymentsOff`, `CheckoutClosed`, `CheckoutFailed` (nothing has changed then).
    """
    async with connection(pool) as db:
        found = await queries.open_one(db, user_id, creator_id)
    if found is None:
        raise NotSubscribed()
    if found.state == "canceled":
        return found
    if checkout is None:
        raise PaymentsOff()
    if found.state == "incomplete":
        await _abandon(pool, checkout, found)
        return await _read(pool, found.id)
    if found.stripe_id is not None:
        await checkout.stop_renewing(found.stripe_id)
    async with transaction(pool) as db:
        await queries.cancel(db, found.id)
        changed = await following.follow(db, found.id, request_id=request_id)
    await following.tell(redis, changed)
    return await _read(pool, found.id)


async def _read(pool: Pool, subscription_id: UUID) -> Subscription:
    async with connection(pool) as db:
        found = await queries.find(db, subscription_id)
    if found is None:
        raise NotSubscribed()
    return found


async def mine(pool: Pool, user_id: UUID, creator_id: UUID) -> Subscription:
    """What one subscribes to a channel with, or did; `NotSubscribed`."""
    async with connection(pool) as db:
        found = await queries.latest(db, user_id, creator_id)
    if found is None:
        raise NotSubscribed()
    return found


async def one_of(pool: Pool, user_id: UUID, subscription_id: UUID) -> Subscription:
    """A subscription of this person; `NotSubscribed` for one that is not theirs."""
    found = await _read(pool, subscription_id)
    if found.user_id != user_id:
        raise NotSubscribed()
    return found


async def of_user(pool: Pool, user_id: UUID, before: UUID | None, limit: int) -> list[Subscription]:
    """What somebody subscribes to, or did, newest first; `before` is the last one already read."""
    async with connection(pool) as db:
        return await queries.of_user(db, user_id, before, limit)


def require_owner(claims: Claims, creator_id: UUID) -> None:
    """`Forbidden` with code `not_owner` for who is neither the creator nor an admin."""
    if claims.sub != creator_id and not claims.is_admin:
        raise Forbidden("Only the creator may see that", code="not_owner")


async def of_creator(pool: Pool, creator_id: UUID, before: UUID | None, limit: int) -> list[Subscription]:
    """Who subscribes to a channel, newest first; `before` is the last one already read."""
    async with connection(pool) as db:
        return await queries.of_creator(db, creator_id, before, limit)


async def subscribers(pool: Pool, creator_id: UUID) -> Sequence[Subscribers]:
    """How many subscribe to a channel, tier by tier, and what comes of it in a month."""
    async with connection(pool) as db:
        return await queries.subscribers(db, creator_id)
