"""All SQL of packs and inventories; buying is a function of the ledger."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.inventory.model import ExclusivePack, Item
from livestreamx.engines.postgres import Db, struct_row


class PurchaseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What `ledger.buy_pack` says: `bought`, `replayed`, or the reason of the refusal."""

    outcome: str
    purchase_id: UUID | None
    tokens: int | None
    paid_left: int | None
    bonus_left: int | None
    created_at: datetime | None


async def packs(db: Db) -> list[ExclusivePack]:
    """Those on sale at this moment, the first to end first."""
    async with db.cursor(row_factory=struct_row(ExclusivePack)) as cursor:
        await cursor.execute(
            "SELECT id, name, price_tokens, stock, starts_at, ends_at, "
            "(SELECT json_agg(json_build_object('item', item, 'qty', qty) ORDER BY item) "
            " FROM exclusive_pack_items WHERE pack_id = id) AS items "
            "FROM exclusive_packs WHERE now() BETWEEN starts_at AND ends_at ORDER BY ends_at, id"
        )
        return await cursor.fetchall()


async def insert_pack(
    db: Db, *, name: str, items: tuple[Item, ...], price_tokens: int, stock: int, starts_at: datetime, ends_at: datetime
) -> UUID:
    found = await db.execute(
        "INSERT INTO exclusive_packs (name, price_tokens, stock, starts_at, ends_at) VALUES (%s, %s, %s, %s, %s) "
        "RETURNING id",
        (name, price_tokens, stock, starts_at, ends_at),
    )
    pack: UUID = (await found.fetchall())[0][0]
    for item in items:
        await db.execute("INSERT INTO exclusive_pack_items VALUES (%s, %s, %s)", (pack, item.item, item.qty))
    return pack


async def buy(db: Db, purchase: UUID, user_id: UUID, pack_id: UUID, key: str) -> PurchaseOutcome:
    """Money, stock and items together, or nothing."""
    async with db.cursor(row_factory=struct_row(PurchaseOutcome)) as cursor:
        await cursor.execute("SELECT * FROM ledger.buy_pack(%s, %s, %s, %s)", (purchase, user_id, pack_id, key))
        return (await cursor.fetchall())[0]


async def inventory(db: Db, user_id: UUID) -> list[Item]:
    async with db.cursor(row_factory=struct_row(Item)) as cursor:
        await cursor.execute("SELECT item, qty FROM inventory WHERE user_id = %s AND qty > 0 ORDER BY item", (user_id,))
        return await cursor.fetchall()
