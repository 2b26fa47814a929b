"""What an exclusive pack is, what a purchase of one gives, and why it may be refused."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.economy.model import Wallet
from livestreamx.errors import Conflict, NotFound


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """So many of one thing, in a pack or in somebody's inventory."""

    item: str
    qty: int


class ExclusivePack(msgspec.Struct, frozen=True, kw_only=True):
    """On sale from `starts_at` to `ends_at`, as long as `stock` is left."""

    id: UUID
    name: str
    items: tuple[Item, ...]
    price_tokens: int
    stock: int
    starts_at: datetime
    ends_at: datetime


class PackPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """One bought pack; `balance` is the wallet now."""

    id: UUID
    pack_id: UUID
    tokens: int
    balance: Wallet
    created_at: datetime


class UnknownPack(NotFound):
    code, title = "pack_not_found", "There is no such pack"


class NotOnSale(Conflict):
    code, title = "pack_not_on_sale", "This pack is not on sale now"


class SoldOut(Conflict):
    code, title = "pack_sold_out", "This pack is sold out"
