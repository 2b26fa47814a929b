"""Buying exclusive packs, and what people own. The database decides who gets the last one."""

from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.audit import service as audit
from domain.economy.announcing import announce_balances
from domain.economy.model import InsufficientTokens, KeyReused, Wallet
from domain.economy.refusals import limits_explained, why_locked
from domain.economy.service import check_key
from domain.inventory import queries
from domain.inventory.model import ExclusivePack, Item, NotOnSale, PackPurchase, SoldOut, UnknownPack
from livestreamx.clock import uuid7
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import Invalid
from livestreamx.events import PackPurchased


async def packs_on_sale(pool: Pool) -> list[ExclusivePack]:
    """What can be bought now."""
    async with connection(pool) as db:
        return await queries.packs(db)


async def offer_pack(
    pool: Pool,
    *,
    actor: UUID,
    name: str,
    items: tuple[Item, ...],
    price_tokens: int,
    stock: int,
    starts_at: datetime,
    ends_at: datetime,
    request_id: str = "",
) -> UUID:
    """Put a pack on sale; `Invalid` for one without items, with one twice, or that ends before it starts."""
    if not items or len({item.item for item in items}) != len(items):
        raise Invalid("A pack has at least one item, and each once")
    if ends_at <= starts_at:
        raise Invalid("A pack ends after it starts")
    async with transaction(pool) as db:
        pack = await queries.insert_pack(
            db,
            name=name,
            items=items,
            price_tokens=price_tokens,
            stock=stock,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        after = {"name": name, "price_tokens": price_tokens, "stock": stock}
        await audit.note(
            db, actor_id=actor, action="pack.offered", subject=f"pack:{pack}", after=after, request_id=request_id
        )
    return pack


async def buy_pack(
    pool: Pool, redis: AsyncRedis, *, user_id: UUID, pack_id: UUID, idempotency_key: str, request_id: str = ""
) -> PackPurchase:
    """Buy one pack, bonus tokens first; again with the same key it is the same purchase.

    Refusals: `UnknownPack`, `NotOnSale`, `SoldOut`, `Locked`, `InsufficientTokens`, `SpendLimit`, `SelfExcluded`,
    `KeyReused`, `Invalid`.
    """
    check_key(idempotency_key)
    async with transaction(pool) as db:
        async with limits_explained():
            done = await queries.buy(db, uuid7(), user_id, pack_id, idempotency_key)
        if done.outcome == "wallet_locked":
            raise await why_locked(db, user_id)
        if done.outcome == "bought" and done.purchase_id is not None:
            event = PackPurchased(
                user_id=user_id, purchase_id=done.purchase_id, pack_id=pack_id, tokens=done.tokens or 0
            )
            await record(db, event, request_id=request_id)
    purchase = _purchase(done, pack_id)
    if done.outcome == "bought":
        await announce_balances(redis, {user_id: purchase.balance})
    return purchase


def _purchase(done: queries.PurchaseOutcome, pack_id: UUID) -> PackPurchase:
    paid, bonus, tokens = done.paid_left or 0, done.bonus_left or 0, done.tokens or 0
    match done.outcome:
        case "unknown_pack":
            raise UnknownPack()
        case "not_on_sale":
            raise NotOnSale()
        case "sold_out":
            raise SoldOut()
        case "insufficient":
            left = paid + bonus
            raise InsufficientTokens(f"This costs {tokens} tokens, you have {left}", balance=left, cost=tokens)
        case "key_reused":
            raise KeyReused("This key bought another pack")
    if done.purchase_id is None or done.created_at is None:
        raise RuntimeError(f"ledger.buy_pack answered {done.outcome}")
    return PackPurchase(
        id=done.purchase_id,
        pack_id=pack_id,
        tokens=tokens,
        balance=Wallet(tokens=paid + bonus, paid=paid, bonus=bonus),
        created_at=done.created_at,
    )


async def inventory(pool: Pool, user_id: UUID) -> list[Item]:
    """What somebody owns, by name."""
    async with connection(pool) as db:
        return await queries.inventory(db, user_id)
