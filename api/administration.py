"""`/api/admin`: people, their wallets and roles, and what they gave and bought, for admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from redis.asyncio import Redis as AsyncRedis

from api.auth.guards import admin_only
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Mirror, Page, View
from domain.accounts.tokens import Claims
from domain.administration import service
from domain.economy.model import GiftEvent, GiftState
from domain.payments.checkout import Checkout
from domain.payments.model import PaymentState
from livestreamx.engines.postgres import Pool

Text = Annotated[str, QueryParameter(name="q", max_length=100, description="a handle, an id, or an e-mail")]


class FoundView(Mirror, frozen=True, kw_only=True):
    """An account with its wallet, in tokens; `lockedFor` says why it may not spend."""

    id: UUID
    handle: str
    email: str | None
    roles: tuple[str, ...]
    paid: int
    bonus: int
    locked_for: str | None
    created_at: datetime


class SentGiftView(View, frozen=True, kw_only=True):
    id: UUID
    gift_code: str
    qty: int
    tokens: int
    sender: str
    creator: str
    stream_id: UUID
    state: GiftState
    created_at: datetime

    @classmethod
    def of(cls, event: GiftEvent) -> "SentGiftView":
        return cls(
            id=event.id,
            gift_code=event.gift_code,
            qty=event.qty,
            tokens=event.tokens,
            sender=event.from_user,
            creator=event.to_creator,
            stream_id=event.stream_id,
            state=event.state,
            created_at=event.created_at,
        )


class PurchaseView(Mirror, frozen=True, kw_only=True):
    """Prices in minor units of the currency; `credited` are the tokens that were kept."""

    id: UUID
    user_id: UUID
    handle: str
    tokens: int
    credited: int
    price_minor: int
    refunded_minor: int
    currency: str
    state: PaymentState
    created_at: datetime


class Why(Body, frozen=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=300, examples=["The owner of the card complained"])]


class GivenBack(View, frozen=True, kw_only=True):
    """A refund that the payment service has taken; the money follows."""

    payment_id: UUID
    tokens: int
    minor: int
    currency: str


class AccountsController(Controller):
    path = "/api/admin/users"
    tags = ("Administration",)
    guards = (admin_only,)

    @get("/")
    async def people(
        self,
        pool: NamedDependency[Pool],
        text: Text = "",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[FoundView]:
        """Accounts by the beginning of their handle, by e-mail or by id, the newest first. Admins only."""
        found = await service.find_people(pool, text, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, FoundView.of)

    @post("/{user_id:uuid}/lock", status_code=200)
    async def lock(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[Why],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FoundView:
        """Keep a wallet from spending; its owner reads the reason. Admins only; 404."""
        locked = await service.lock(pool, user_id, admin_id=user.sub, reason=data.reason, request_id=request_id)
        return FoundView.of(locked)

    @post("/{user_id:uuid}/unlock", status_code=200)
    async def unlock(
        self,
        user_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FoundView:
        """Let a wallet spend again, whatever locked it. Admins only; 404."""
        return FoundView.of(await service.unlock(pool, user_id, admin_id=user.sub, request_id=request_id))

    @put("/{user_id:uuid}/roles/admin")
    async def name_admin(
        self,
        user_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FoundView:
        """Give somebody the admin's role; again changes nothing. Admins only; 404."""
        named = await service.name_admin(pool, user_id, is_admin=True, admin_id=user.sub, request_id=request_id)
        return FoundView.of(named)

    @delete("/{user_id:uuid}/roles/admin", status_code=200)
    async def dismiss_admin(
        self,
        user_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FoundView:
        """Take the admin's role from somebody, and end their sessions. Admins only; 404, 409 `own_role`."""
        dismissed = await service.name_admin(pool, user_id, is_admin=False, admin_id=user.sub, request_id=request_id)
        return FoundView.of(dismissed)


class MoneyController(Controller):
    path = "/api/admin"
    tags = ("Administration",)
    guards = (admin_only,)

    @get("/gifts")
    async def gifts(
        self,
        pool: NamedDependency[Pool],
        text: Text,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[SentGiftView]:
        """Gifts by their sender's handle or by id, the newest first. Admins only."""
        found = await service.find_gifts(pool, text, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, SentGiftView.of)

    @get("/payments")
    async def purchases(
        self,
        pool: NamedDependency[Pool],
        text: Text,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[PurchaseView]:
        """Purchases by their buyer's handle or by id, the newest first. Admins only."""
        found = await service.find_purchases(pool, text, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, PurchaseView.of)

    @post("/payments/{payment_id:uuid}/refund", status_code=200)
    async def give_back(
        self,
        payment_id: FromPath[UUID],
        data: JSONBody[Why],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        checkout: NamedDependency[Checkout | None],
        request_id: NamedDependency[str],
    ) -> GivenBack:
        """Give a buyer the money of the unspent tokens back. Admins only; the refusals of the buyer's own refund."""
        refund = await service.give_back(
            pool, redis, checkout, payment_id, admin_id=user.sub, reason=data.reason, request_id=request_id
        )
        return GivenBack(
            payment_id=refund.payment_id, tokens=refund.tokens, minor=refund.minor, currency=refund.currency
        )
