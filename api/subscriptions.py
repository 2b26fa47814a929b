"""Subscriptions over REST: tiers, subscribing and ending that, what one subscribes to, and a channel's subscribers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.payments import Currency, Minor
from api.schema import Body, Mirror, Page, View
from api.wallet import IdempotencyKey
from domain.accounts.tokens import Claims
from domain.payments.checkout import Checkout
from domain.subscriptions import service
from domain.subscriptions.model import PERKS, Order, Subscription, SubscriptionState, TierNumber
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings


class TierView(Mirror, frozen=True, kw_only=True):
    """What a month costs."""

    tier: TierNumber
    price_minor: Minor
    currency: Currency


class TierList(View, frozen=True, kw_only=True):
    """`perks` come with every tier."""

    items: tuple[TierView, ...]
    perks: tuple[str, ...]


class SubscriptionView(View, frozen=True, kw_only=True):
    """One person's subscription to a channel. It lasts while it is `active`, `past_due` or `canceled`.

    `renewsAt` is when the next month is paid, `endsAt` when it ends; one of them is null. `perks` are empty when over.
    """

    id: UUID
    user_id: UUID
    handle: str
    creator_id: UUID
    creator: str
    tier: TierNumber
    price_minor: Minor
    currency: Currency
    state: SubscriptionState
    gifted: bool
    started_at: datetime | None
    renews_at: datetime | None
    ends_at: datetime | None
    perks: tuple[str, ...]

    @classmethod
    def of(cls, one: Subscription) -> "SubscriptionView":
        return cls(
            id=one.id,
            user_id=one.user_id,
            handle=one.handle,
            creator_id=one.creator_id,
            creator=one.creator,
            tier=one.tier,
            price_minor=one.price_minor,
            currency=one.currency,
            state=one.state,
            gifted=one.gift_id is not None,
            started_at=one.started_at,
            renews_at=None if one.ends else one.renews_at,
            ends_at=one.renews_at if one.ends else None,
            perks=PERKS if one.lasts else (),
        )


class SubscriptionWish(Body, frozen=True, kw_only=True):
    tier: TierNumber


class SubscriptionOrder(View, frozen=True, kw_only=True):
    """Send the buyer to `url`; the subscription is `incomplete` until the payment service says that it was paid."""

    subscription: SubscriptionView
    url: str


class SubscribersView(Mirror, frozen=True, kw_only=True):
    """One tier: `paying` ones renew, `gifted` ones do not; `mrrMinor` is what comes in a month, before the share."""

    tier: TierNumber
    subscribers: int
    paying: int
    gifted: int
    mrr_minor: Minor


class SubscribersSummary(View, frozen=True, kw_only=True):
    tiers: tuple[SubscribersView, ...]
    subscribers: Annotated[int, msgspec.Meta(examples=[12])]
    mrr_minor: Minor


class SubscriptionController(Controller):
    path = "/api"
    tags = ("Subscriptions",)

    @get("/subscription-tiers", summary="What subscriptions cost, and what they come with")
    async def list_tiers(self, pool: NamedDependency[Pool]) -> TierList:
        return TierList(items=tuple(map(TierView.of, await service.tiers(pool))), perks=PERKS)

    @post("/creators/{creator_id:uuid}/subscribe", summary="Subscribe to a channel and get the page to pay it on")
    async def subscribe(
        self,
        creator_id: FromPath[UUID],
        data: JSONBody[SubscriptionWish],
        settings: NamedDependency[Settings],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        checkout: NamedDependency[Checkout | None],
        idempotency_key: IdempotencyKey,
    ) -> SubscriptionOrder:
        """One that waits for its payment is answered again; another tier takes its place.

        403 `self_subscription`, `banned` or `self_excluded`, 404 `creator_not_found`, 409 `already_subscribed`,
        `checkout_closed` or `idempotency_key_reused`, 503 `payments_off` or `checkout_failed` (ask again).
        """
        order = Order(user_id=user.sub, creator_id=creator_id, tier=data.tier, key=idempotency_key)
        made, url = await service.subscribe(pool, checkout, order, site=settings.url)
        return SubscriptionOrder(subscription=SubscriptionView.of(made), url=url)

    @get("/creators/{creator_id:uuid}/subscription", summary="Your subscription to a channel")
    async def read(
        self, creator_id: FromPath[UUID], pool: NamedDependency[Pool], user: NamedDependency[Claims]
    ) -> SubscriptionView:
        """The one that lasts, else the latest. 404 `not_subscribed`."""
        return SubscriptionView.of(await service.mine(pool, user.sub, creator_id))

    @delete("/creators/{creator_id:uuid}/subscription", status_code=200, summary="End your subscription to a channel")
    async def cancel(
        self,
        creator_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        user: NamedDependency[Claims],
        checkout: NamedDependency[Checkout | None],
        request_id: NamedDependency[str],
    ) -> SubscriptionView:
        """It lasts as long as it is paid; one that is not paid is given up. Again changes nothing.

        404 `not_subscribed`, 409 `checkout_closed`, 503 `payments_off` or `checkout_failed` (ask again).
        """
        ended = await service.cancel(pool, redis, checkout, user.sub, creator_id, request_id=request_id)
        return SubscriptionView.of(ended)

    @get("/me/subscriptions", summary="What you subscribe to, or did, newest first")
    async def list_mine(
        self, pool: NamedDependency[Pool], user: NamedDependency[Claims], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[SubscriptionView]:
        found = await service.of_user(pool, user.sub, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, SubscriptionView.of)

    @get("/creators/{channel_id:uuid}/subscribers", summary="Who subscribes to your channel, newest first")
    async def list_subscribers(
        self,
        channel_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[SubscriptionView]:
        """403 `not_owner`."""
        service.require_owner(user, channel_id)
        found = await service.of_creator(pool, channel_id, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, SubscriptionView.of)

    @get("/creators/{channel_id:uuid}/subscribers/summary", summary="How many subscribe, tier by tier")
    async def count_subscribers(
        self, channel_id: FromPath[UUID], pool: NamedDependency[Pool], user: NamedDependency[Claims]
    ) -> SubscribersSummary:
        """403 `not_owner`."""
        service.require_owner(user, channel_id)
        tiers = tuple(map(SubscribersView.of, await service.subscribers(pool, channel_id)))
        return SubscribersSummary(
            tiers=tiers,
            subscribers=sum(tier.subscribers for tier in tiers),
            mrr_minor=sum(tier.mrr_minor for tier in tiers),
        )
