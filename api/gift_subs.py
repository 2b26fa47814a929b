"""Gifts of subscriptions over REST: giving some, what one gave, and whether one may be given any."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.payments import Currency, Minor
from api.schema import Body, View
from api.wallet import IdempotencyKey
from domain.accounts.tokens import Claims
from domain.payments.checkout import Checkout
from domain.subscriptions import gifts
from domain.subscriptions.model import MOST_GIFTS, Gift, GiftOrder, GiftState, TierNumber
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings

MOST_LISTED = 50
Quantity = Annotated[int, msgspec.Meta(ge=1, le=MOST_GIFTS, examples=[5])]


class GiftWish(Body, frozen=True, kw_only=True):
    """`recipientId` names who gets one; without it they go to people by chance who chatted in the last ten minutes."""

    qty: Quantity
    tier: TierNumber
    recipient_id: UUID | None = None


class GiftView(View, frozen=True, kw_only=True):
    """`given` of `qty` have reached people; the rest of a `paid` gift is given out when somebody comes to chat."""

    id: UUID
    creator_id: UUID
    creator: str
    recipient_id: UUID | None
    tier: TierNumber
    qty: Quantity
    given: Annotated[int, msgspec.Meta(examples=[3])]
    price_minor: Minor
    currency: Currency
    state: GiftState
    created_at: datetime

    @classmethod
    def of(cls, gift: Gift) -> "GiftView":
        return cls(**{name: getattr(gift, name) for name in cls.__struct_fields__})


class GiftSubsOrder(View, frozen=True, kw_only=True):
    """Send the giver to `url`; `priceMinor` is of one, `totalMinor` all that is charged."""

    gift: GiftView
    total_minor: Minor
    url: str


class GiftList(View, frozen=True, kw_only=True):
    items: tuple[GiftView, ...]


class GiftChoice(Body, frozen=True, kw_only=True):
    """Whether one may be given subscriptions."""

    accept: bool


class GiftSetting(View, frozen=True, kw_only=True):
    accept: bool


class GiftSubsController(Controller):
    path = "/api"
    tags = ("Subscriptions",)

    @post("/creators/{creator_id:uuid}/gift-subs", summary="Give subscriptions and get the page to pay them on")
    async def give(
        self,
        creator_id: FromPath[UUID],
        data: JSONBody[GiftWish],
        settings: NamedDependency[Settings],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        checkout: NamedDependency[Checkout | None],
        idempotency_key: IdempotencyKey,
    ) -> GiftSubsOrder:
        """Thirty days each, not renewed.

        400 `one_for_somebody`, 403 `self_subscription`, `banned`, `self_excluded`, `recipient_banned` or
        `recipient_refuses_gifts`, 404, 409 `already_subscribed` or `idempotency_key_reused`, 503 `payments_off` or
        `checkout_failed` (ask again).
        """
        wanted = GiftOrder(
            giver_id=user.sub,
            creator_id=creator_id,
            recipient_id=data.recipient_id,
            tier=data.tier,
            qty=data.qty,
            key=idempotency_key,
        )
        gift, url = await gifts.order(pool, checkout, wanted, site=settings.url)
        return GiftSubsOrder(gift=GiftView.of(gift), total_minor=gift.price_minor * gift.qty, url=url)

    @get("/me/gift-subs", summary="The subscriptions that you gave, newest first")
    async def list_given(self, pool: NamedDependency[Pool], user: NamedDependency[Claims]) -> GiftList:
        return GiftList(items=tuple(map(GiftView.of, await gifts.mine(pool, user.sub, MOST_LISTED))))

    @get("/me/gift-subs/choice", summary="Whether you may be given subscriptions")
    async def read_choice(self, pool: NamedDependency[Pool], user: NamedDependency[Claims]) -> GiftSetting:
        return GiftSetting(accept=await gifts.accepts(pool, user.sub))

    @put("/me/gift-subs/choice", summary="Let yourself be given subscriptions, or not")
    async def choose(
        self, data: JSONBody[GiftChoice], pool: NamedDependency[Pool], user: NamedDependency[Claims]
    ) -> GiftSetting:
        await gifts.choose(pool, user.sub, accept=data.accept)
        return GiftSetting(accept=data.accept)
