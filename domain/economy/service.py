"""Tokens into wallets, gifts out of them: one service behind the socket and REST.

The database decides: each call here is one transaction whose rules are constraints and functions of the ledger.
"""

from uuid import UUID, uuid5

from redis.asyncio import Redis as AsyncRedis

from domain.economy import queries
from domain.economy.announcing import announce_balances
from domain.economy.coalesce import GiftBatches
from domain.economy.model import (
    BUCKET_OF,
    LEVEL_TOKENS,
    MOST_COMBO_CHARACTERS,
    MOST_GIFTS,
    MOST_KEY_CHARACTERS,
    Gift,
    GiftEvent,
    GiftOrder,
    GiftOutcome,
    GiftReceipt,
    GrantReason,
    InsufficientTokens,
    KeyReused,
    LedgerEntry,
    LedgerPlace,
    NotLive,
    Rarity,
    SelfGift,
    UnknownGift,
    UnknownStream,
    Wallet,
)
from domain.economy.refusals import EXPLAINED, explain, limits_explained
from livestreamx.clock import uuid7
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Invalid
from livestreamx.events import TokensGranted


async def open_wallet(db: Db, user_id: UUID, tokens: int, request_id: str) -> None:
    """Open a wallet with its sign-up bonus (whole tokens, may be 0), inside the registration's transaction."""
    await queries.open_wallet(db, user_id)
    if tokens:
        await grant(db, user_id, tokens, "signup", key="signup", request_id=request_id)


async def grant(
    db: Db, user_id: UUID, tokens: int, reason: GrantReason, *, key: str | None = None, request_id: str = ""
) -> bool:
    """Put whole tokens into a wallet inside the caller's transaction; whether they are new.

    With `key` it happens once for this user, reason and key: again it changes nothing, and with another amount it is
    `KeyReused`.
    """
    txn = uuid7() if key is None else uuid5(user_id, f"{reason}:{key}")
    outcome = await queries.grant(db, txn, user_id, reason, tokens)
    if outcome == "key_reused":
        raise KeyReused("This key granted another amount")
    if outcome == "granted":
        event = TokensGranted(user_id=user_id, tokens=tokens, bucket=BUCKET_OF[reason], reason=reason)
        await record(db, event, request_id=request_id)
    return outcome == "granted"


async def top_up(
    pool: Pool, redis: AsyncRedis, *, user_id: UUID, tokens: int, idempotency_key: str | None, request_id: str
) -> Wallet:
    """Bonus tokens as a gift of the house, for development; the wallet as it is then."""
    if idempotency_key is not None:
        check_key(idempotency_key)
    async with transaction(pool) as db:
        is_new = await grant(db, user_id, tokens, "topup", key=idempotency_key, request_id=request_id)
        held = await queries.wallet(db, user_id)
    if is_new:
        await announce_balance(redis, user_id, held)
    return held


async def grant_level_bonus(db: Db, user_id: UUID, level: int, *, request_id: str = "") -> bool:
    """Bonus tokens for a level, once for each level of a person; whether they are new."""
    return await grant(db, user_id, LEVEL_TOKENS * level, "level", key=str(level), request_id=request_id)


async def wallet(db: Db, user_id: UUID) -> Wallet:
    """What a person can spend now."""
    return await queries.wallet(db, user_id)


async def lock_wallet(db: Db, user_id: UUID, reason: str) -> None:
    """Let a wallet receive but not spend, for a reason that its owner is told."""
    await queries.lock_wallet(db, user_id, reason)


async def unlock_wallet(db: Db, user_id: UUID) -> None:
    """Let a wallet spend again."""
    await queries.lock_wallet(db, user_id, None)


async def ledger_page(pool: Pool, user_id: UUID, before: LedgerPlace | None, limit: int) -> list[LedgerEntry]:
    """What moved the wallet, newest first; `before` is the place of the last entry already read."""
    async with connection(pool) as db:
        return await queries.ledger_page(db, user_id, before, limit)


async def catalogue(pool: Pool, rarity: Rarity | None = None) -> list[Gift]:
    """The gifts that can be sent, the cheapest first."""
    async with connection(pool) as db:
        return await queries.catalogue(db, rarity)


async def gift_events(pool: Pool, stream_id: UUID, before: UUID | None, limit: int) -> list[GiftEvent]:
    """The gifts of a stream, newest first; `before` is the last one already read."""
    async with connection(pool) as db:
        return await queries.gift_events(db, stream_id, before, limit)


async def send_gift(
    pool: Pool, redis: AsyncRedis, order: GiftOrder, *, batches: GiftBatches | None = None
) -> GiftReceipt:
    """Charge a gift and record it with its event, all or nothing; bonus tokens are spent first.

    The key is the sender's own: the same request with it gives the same receipt, another one is `KeyReused`.
    `batches` sends it together with those that wait at the same moment, to the same end.
    Refusals: `UnknownGift`, `UnknownStream`, `Banned`, `NotLive`, `SelfGift`, `Locked`, `InsufficientTokens`,
    `SpendLimit`, `SelfExcluded`, `Invalid`.
    """
    check_order(order)
    async with limits_explained():
        if batches is not None:
            outcome = await batches.send(order)
        else:
            async with connection(pool) as db:
                outcome = await queries.send_gift(db, order)
    if outcome.outcome in EXPLAINED:
        async with connection(pool) as db:
            await explain(db, order, outcome)
    receipt = _receipt(outcome, order)
    if batches is None and outcome.outcome == "sent":  # batches tell the balance themselves
        await announce_balance(redis, order.sender, receipt.balance)
    return receipt


async def charge_gift(db: Db, order: GiftOrder) -> tuple[GiftReceipt, bool]:
    """What `send_gift` does, for a caller who has more to write in the same transaction; whether the gift is new."""
    check_order(order)
    async with limits_explained():
        outcome = await queries.send_gift(db, order)
    await explain(db, order, outcome)
    return _receipt(outcome, order), outcome.outcome == "sent"


def check_order(order: GiftOrder) -> None:
    """`Invalid` or `UnknownGift` for what the ledger need not be asked."""
    check_key(order.idempotency_key)
    if not 1 <= order.qty <= MOST_GIFTS:
        raise Invalid(f"From 1 to {MOST_GIFTS} gifts at once")
    combo = order.combo_id
    if combo is not None and not (1 <= len(combo) <= MOST_COMBO_CHARACTERS and combo.isprintable()):
        raise Invalid(f"A combo's id is 1 to {MOST_COMBO_CHARACTERS} printable characters")
    if not order.code.isprintable():
        raise UnknownGift()


def _receipt(outcome: GiftOutcome, order: GiftOrder) -> GiftReceipt:
    tokens, created_at = outcome.cost, outcome.created_at
    left = outcome.paid_left + outcome.bonus_left
    if outcome.gift_event_id is not None and tokens is not None and created_at is not None:
        return GiftReceipt(
            gift_event_id=outcome.gift_event_id,
            code=order.code,
            qty=order.qty,
            tokens=tokens,
            balance=Wallet(tokens=left, paid=outcome.paid_left, bonus=outcome.bonus_left),
            created_at=created_at,
        )
    match outcome.outcome:
        case "unknown_gift":
            raise UnknownGift(f"There is no gift {order.code}")
        case "unknown_stream":
            raise UnknownStream()
        case "not_live":
            raise NotLive("Gifts are for streams that are live")
        case "self_gift":
            raise SelfGift()
        case "insufficient":
            raise InsufficientTokens(f"This costs {tokens} tokens, you have {left}", balance=left, cost=tokens)
        case "key_reused":
            raise KeyReused("This key sent another gift")
        case other:
            raise RuntimeError(f"ledger.send_gift answered {other}")


async def announce_balance(redis: AsyncRedis, user_id: UUID, held: Wallet) -> None:
    """Tell one person what is left, after the commit."""
    await announce_balances(redis, {user_id: held})


def check_key(key: str) -> None:
    """`Invalid` for a key that could not be kept."""
    if not (1 <= len(key) <= MOST_KEY_CHARACTERS and key.isprintable()):
        raise Invalid(
            f"An idempotency key is 1 to {MOST_KEY_CHARACTERS} printable characters", code="idempotency_key_invalid"
        )
