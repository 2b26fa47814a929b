"""Exclusive packs over REST: what is on sale, buying one, what you own, and putting packs on sale."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.auth.guards import admin_only
from api.schema import Body, View
from api.wallet import IdempotencyKey
from domain.accounts.tokens import Claims
from domain.inventory import service
from domain.inventory.model import ExclusivePack, Item, PackPurchase
from livestreamx.engines.postgres import Pool

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60, examples=["Winter badges"])]
ItemName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]{1,40}$", examples=["snow_badge"])]
Price = Annotated[int, msgspec.Meta(ge=1, le=1_000_000, examples=[50])]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=1000, examples=[1])]
Stock = Annotated[int, msgspec.Meta(ge=1, le=1_000_000, examples=[10])]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ItemView(View, frozen=True, kw_only=True):
    item: ItemName
    qty: int


class ItemList(View, frozen=True, kw_only=True):
    items: tuple[ItemView, ...]


class ExclusivePackView(View, frozen=True, kw_only=True):
    """On sale until `endsAt`, as long as `stock` is left; the price is in tokens."""

    id: UUID
    name: Name
    items: tuple[ItemView, ...]
    price_tokens: Price
    stock: int
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, pack: ExclusivePack) -> "ExclusivePackView":
        given = msgspec.structs.asdict(pack) | {"items": tuple(map(item_view, pack.items))}
        return cls(**given)


class ExclusivePackList(View, frozen=True, kw_only=True):
    items: tuple[ExclusivePackView, ...]


class PackPurchaseView(View, frozen=True, kw_only=True):
    """A pack that was bought; `balance` is what is left."""

    id: UUID
    pack_id: UUID
    tokens: Price
    balance: int
    created_at: datetime

    @classmethod
    def of(cls, bought: PackPurchase) -> "PackPurchaseView":
        return cls(
            id=bought.id,
            pack_id=bought.pack_id,
            tokens=bought.tokens,
            balance=bought.balance.tokens,
            created_at=bought.created_at,
        )


class PackItem(Body, frozen=True, kw_only=True):
    item: ItemName
    qty: Quantity = 1


class PackOffer(Body, frozen=True, kw_only=True):
    name: Name
    items: Annotated[tuple[PackItem, ...], msgspec.Meta(min_length=1, max_length=20)]
    price_tokens: Price
    stock: Stock
    starts_at: Moment
    ends_at: Moment


class PackOffered(View, frozen=True, kw_only=True):
    id: UUID


def item_view(item: Item) -> ItemView:
    return ItemView(item=item.item, qty=item.qty)


class InventoryController(Controller):
    path = "/api"
    tags = ("Packs and inventory",)

    @get("/packs/exclusive", summary="Exclusive packs on sale now")
    async def list_packs(self, pool: NamedDependency[Pool]) -> ExclusivePackList:
        return ExclusivePackList(items=tuple(map(ExclusivePackView.of, await service.packs_on_sale(pool))))

    @post("/packs/{pack_id:uuid}/purchase", summary="Buy an exclusive pack with tokens")
    async def buy(
        self,
        pack_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
        idempotency_key: IdempotencyKey,
    ) -> PackPurchaseView:
        """402 `insufficient_tokens`, 404, 409 `pack_sold_out` or `pack_not_on_sale`, 423."""
        bought = await service.buy_pack(
            pool, redis, user_id=user.sub, pack_id=pack_id, idempotency_key=idempotency_key, request_id=request_id
        )
        return PackPurchaseView.of(bought)

    @get("/me/inventory", summary="What you own")
    async def read_inventory(self, pool: NamedDependency[Pool], user: NamedDependency[Claims]) -> ItemList:
        return ItemList(items=tuple(map(item_view, await service.inventory(pool, user.sub))))

    @post("/admin/packs", summary="Put an exclusive pack on sale", guards=[admin_only])
    async def offer(
        self,
        data: JSONBody[PackOffer],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
    ) -> PackOffered:
        """Admins only."""
        given = msgspec.structs.asdict(data) | {"items": tuple(Item(item=one.item, qty=one.qty) for one in data.items)}
        return PackOffered(id=await service.offer_pack(pool, actor=user.sub, request_id=request_id, **given))
