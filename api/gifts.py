"""Gifts over REST: the catalogue, a stream's gifts, and sending one as the socket's `gift:send` does."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.limits import GUARDED
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from api.wallet import IdempotencyKey
from domain.accounts.tokens import Claims
from domain.commands.service import GiftDesk
from domain.economy import service
from domain.economy.model import MOST_COMBO_CHARACTERS, MOST_GIFTS, Gift, GiftEvent, GiftReceipt, GiftState, Rarity
from domain.fraud.guard import GiftGuard
from domain.streams.service import find_visible
from livestreamx.engines.postgres import Pool, connection

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=32, examples=["HEART"])]


class GiftView(View, frozen=True, kw_only=True):
    """One entry of the catalogue; `commandAction` is what it makes the show do, besides its animation."""

    code: Code
    name: Annotated[str, msgspec.Meta(examples=["Heart"])]
    token_cost: Annotated[int, msgspec.Meta(examples=[5])]
    rarity: Rarity
    animation_key: Annotated[str, msgspec.Meta(examples=["heart"])]
    command_action: Annotated[str | None, msgspec.Meta(examples=["overlay.play"])]
    command_args: Annotated[dict[str, Any], msgspec.Meta(examples=[{"overlay": "confetti"}])]

    @classmethod
    def of(cls, gift: Gift) -> "GiftView":
        return cls(
            code=gift.code,
            name=gift.name,
            token_cost=gift.token_cost,
            rarity=gift.rarity,
            animation_key=gift.animation_key,
            command_action=gift.command_action,
            command_args=gift.command_args,
        )


class GiftList(View, frozen=True, kw_only=True):
    items: tuple[GiftView, ...]


class GiftEventView(View, frozen=True, kw_only=True):
    """A gift that was sent; `fromUser` is the sender's handle, `tokens` what all `qty` of them cost.

    `state` is `charged` while what it triggered waits or plays, then `delivered`; tokens of `refunded` gifts are back.
    """

    id: UUID
    gift_code: Code
    tokens: Annotated[int, msgspec.Meta(examples=[5])]
    qty: Annotated[int, msgspec.Meta(examples=[1])]
    from_user: Annotated[str, msgspec.Meta(examples=["tester"])]
    triggered_action: Annotated[str, msgspec.Meta(examples=["overlay.play"])] | None
    state: GiftState
    created_at: datetime

    @classmethod
    def of(cls, event: GiftEvent) -> "GiftEventView":
        return cls(
            id=event.id,
            gift_code=event.gift_code,
            tokens=event.tokens,
            qty=event.qty,
            from_user=event.from_user,
            triggered_action=event.triggered_action,
            state=event.state,
            created_at=event.created_at,
        )


class GiftOrder(Body, frozen=True, kw_only=True):
    """What to send; sends of one combo share its id, which the sender makes up.

    `args` is for gifts that act: what the action takes, besides the catalogue's defaults.
    """

    code: Code
    qty: Annotated[int, msgspec.Meta(ge=1, le=MOST_GIFTS, examples=[1])] = 1
    combo_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_COMBO_CHARACTERS, examples=["c-1"])] | None = (
        None
    )
    args: Annotated[dict[str, str | int], msgspec.Meta(examples=[{"overlay": "fireworks"}])] | None = None


class GiftReceiptView(View, frozen=True, kw_only=True):
    """The gift as it was charged; `balance` is what the sender had left right after it."""

    gift_event_id: UUID
    code: Code
    qty: Annotated[int, msgspec.Meta(examples=[1])]
    tokens: Annotated[int, msgspec.Meta(examples=[5])]
    balance: Annotated[int, msgspec.Meta(examples=[95])]
    created_at: datetime

    @classmethod
    def of(cls, receipt: GiftReceipt) -> "GiftReceiptView":
        return cls(
            gift_event_id=receipt.gift_event_id,
            code=receipt.code,
            qty=receipt.qty,
            tokens=receipt.tokens,
            balance=receipt.balance.tokens,
            created_at=receipt.created_at,
        )


class GiftController(Controller):
    path = "/api"
    tags = ("Gifts",)

    @get("/gifts", summary="The gift catalogue, the cheapest first")
    async def list_gifts(self, pool: NamedDependency[Pool], rarity: FromQuery[Rarity | None] = None) -> GiftList:
        return GiftList(items=tuple(map(GiftView.of, await service.catalogue(pool, rarity))))

    @get("/streams/{stream_id:uuid}/gift-events", summary="The gifts of a stream, newest first")
    async def list_gift_events(
        self,
        stream_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        visitor: NamedDependency[Claims | None],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[GiftEventView]:
        before = decode_cursor(cursor, UUID)
        async with connection(pool) as db:
            await find_visible(db, stream_id, visitor)
        events = await service.gift_events(pool, stream_id, before, limit + 1)
        return page_of(events, limit, GiftEventView.of)

    @post("/streams/{stream_id:uuid}/gifts", summary="Send a gift", opt={GUARDED: True})
    async def send_gift(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[GiftOrder],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
        idempotency_key: IdempotencyKey,
        gifts: NamedDependency[GiftDesk],
        guard: NamedDependency[GiftGuard],
    ) -> GiftReceiptView:
        """402 `insufficient_tokens`, 403 `self_gift`, `banned`, `muted`, `spend_limit` or `self_excluded`, 404,
        409 `not_live`, `idempotency_key_reused` or `command_queue_full`, 422 `command_not_allowed` or
        `command_invalid`, 423 `wallet_locked`, 429 `rate_limited`, `velocity_limit` or `command_cooling`.
        """
        admitted = guard.admitted(
            user, stream_id, code=data.code, qty=data.qty, key=idempotency_key, request_id=request_id
        )
        async with admitted:
            receipt = await gifts.send(
                sender=user.sub,
                handle=user.handle,
                stream_id=stream_id,
                code=data.code,
                qty=data.qty,
                combo_id=data.combo_id,
                args=data.args,
                idempotency_key=idempotency_key,
                request_id=request_id,
            )
        return GiftReceiptView.of(receipt)
