"""Buying tokens: what is for sale, the page to pay on, and what was paid."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Mirror, Page, View
from api.wallet import IdempotencyKey
from domain.accounts.tokens import Claims
from domain.payments import refunds, service
from domain.payments.checkout import Checkout
from domain.payments.model import Pack, PaymentState
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings

PackId = Annotated[str, msgspec.Meta(min_length=1, max_length=32, examples=["tokens_550"])]
Minor = Annotated[int, msgspec.Meta(examples=[649], description="in the currency's smallest unit")]
Currency = Annotated[str, msgspec.Meta(examples=["usd"], description="ISO 4217, lower case")]


class PackView(View, frozen=True, kw_only=True):
    """Tokens that are for sale together; `priceMinor` is all that is charged."""

    id: PackId
    tokens: Annotated[int, msgspec.Meta(examples=[550])]
    price_minor: Minor
    currency: Currency

    @classmethod
    def of(cls, pack: Pack) -> "PackView":
        return cls(id=pack.id, tokens=pack.tokens, price_minor=pack.price_minor, currency=pack.currency)


class PackList(View, frozen=True, kw_only=True):
    items: tuple[PackView, ...]


class CheckoutOrder(Body, frozen=True, kw_only=True):
    pack_id: PackId


class CheckoutView(View, frozen=True, kw_only=True):
    """Send the buyer to `url`; nothing is in the wallet before the payment service says that it was paid."""

    url: str
    payment_id: UUID


class ReceiptView(Mirror, frozen=True, kw_only=True):
    """An order and what became of it: `credited` are the tokens that the buyer got and keeps."""

    id: UUID
    pack_id: PackId
    tokens: Annotated[int, msgspec.Meta(examples=[550])]
    price_minor: Minor
    refunded_minor: Annotated[int, msgspec.Meta(examples=[0])]
    currency: Currency
    state: PaymentState
    credited: Annotated[int, msgspec.Meta(examples=[550])]
    created_at: datetime
    paid_at: datetime | None


class PurchaseRefundView(Mirror, frozen=True, kw_only=True):
    """Tokens that left the wallet, and the money that is on its way back for them."""

    id: UUID
    payment_id: UUID
    tokens: Annotated[int, msgspec.Meta(examples=[550])]
    minor: Minor
    currency: Currency


class PaymentController(Controller):
    path = "/api"
    tags = ("Payments",)

    @get("/packs", summary="Tokens for sale, the smallest pack first")
    async def list_packs(self, pool: NamedDependency[Pool]) -> PackList:
        return PackList(items=tuple(map(PackView.of, await service.packs(pool))))

    @post("/checkout/tokens", summary="Order a pack and get the page to pay it on")
    async def open_checkout(
        self,
        data: JSONBody[CheckoutOrder],
        settings: NamedDependency[Settings],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        checkout: NamedDependency[Checkout | None],
        idempotency_key: IdempotencyKey,
    ) -> CheckoutView:
        """403 `spend_limit` or `self_excluded`, 404 `unknown_pack`, 409 `idempotency_key_reused`, 503 `payments_off` or
        `checkout_failed` (ask again).
        """
        order, url = await service.buy(
            pool,
            checkout,
            user_id=user.sub,
            pack_id=data.pack_id,
            idempotency_key=idempotency_key,
            site=settings.url,
        )
        return CheckoutView(url=url, payment_id=order.id)

    @post("/wallet/purchases/{payment_id:uuid}/refund", status_code=202, summary="Money back for unspent tokens")
    async def refund(
        self,
        payment_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        user: NamedDependency[Claims],
        checkout: NamedDependency[Checkout | None],
        request_id: NamedDependency[str],
    ) -> PurchaseRefundView:
        """Within 14 days; asked again, the same refund. The money is back once the receipt says so.

        404, 409 `purchase_not_credited`, `refund_too_late`, `tokens_spent` or `refund_refused`, 423 `wallet_locked`,
        503 `refund_unanswered` (ask again).
        """
        asked = await refunds.refund_purchase(
            pool, redis, checkout, user_id=user.sub, payment_id=payment_id, request_id=request_id
        )
        return PurchaseRefundView.of(asked)

    @get("/wallet/receipts", summary="What you ordered and paid, newest first")
    async def list_receipts(
        self, pool: NamedDependency[Pool], user: NamedDependency[Claims], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[ReceiptView]:
        found = await service.payments(pool, user.sub, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, ReceiptView.of)

    @get("/wallet/receipts/{payment_id:uuid}", summary="One of your payments")
    async def read_receipt(
        self, payment_id: FromPath[UUID], pool: NamedDependency[Pool], user: NamedDependency[Claims]
    ) -> ReceiptView:
        return ReceiptView.of(await service.payment(pool, user.sub, payment_id))
