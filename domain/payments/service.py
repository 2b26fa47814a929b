"""Buying tokens: opening a checkout, and following Stripe's events with the ledger, flags and announcements."""

from uuid import UUID

import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.economy import service as economy
from domain.economy.announcing import announce_balances
from domain.economy.model import KeyReused, Wallet
from domain.economy.refusals import limits_explained
from domain.fraud import service as fraud
from domain.payments import queries
from domain.payments.checkout import Checkout
from domain.payments.facts import Fact
from domain.payments.model import Order, Pack, Payment, PaymentsOff, Sale, Settlement, UnknownPack, UnknownPayment
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.events import EarningsContested, TokensGranted, TokensReversed

log = structlog.get_logger("domain.payments")


async def packs(pool: Pool) -> list[Pack]:
    """What is for sale, the smallest pack first."""
    async with connection(pool) as db:
        return await queries.packs(db)


async def buy(
    pool: Pool, checkout: Checkout | None, *, user_id: UUID, pack_id: str, idempotency_key: str, site: str
) -> tuple[Order, str]:
    """An order and the address to pay it at. The key is the buyer's own: the same pack with it is the same order.

    Refusals: `PaymentsOff`, `UnknownPack`, `KeyReused`, `CheckoutFailed` (try again with the same key), `SpendLimit`,
    `SelfExcluded`, `Invalid`.
    """
    if checkout is None:
        raise PaymentsOff()
    economy.check_key(idempotency_key)
    async with connection(pool) as db, limits_explained():
        pack = next((pack for pack in await queries.packs(db) if pack.id == pack_id), None)
        if pack is None:
            raise UnknownPack()
        order = await queries.enter_order(db, user_id, pack, idempotency_key)
    if order.pack_id != pack_id:
        raise KeyReused("This key ordered another pack")
    if order.checkout_url is not None:
        return order, order.checkout_url
    page = await checkout.open(
        Sale(
            id=order.id,
            name="payment_id",
            key="order",
            title=f"{order.tokens} tokens",
            price_minor=order.price_minor,
            currency=order.currency,
            back=f"{site}/wallet/payments/{order.id}",
        )
    )
    async with connection(pool) as db:
        await queries.keep_checkout(db, order.id, page.url)
    return order, page.url


async def take(pool: Pool, redis: AsyncRedis, fact: Fact, *, request_id: str = "") -> Settlement:
    """Take in what Stripe said; once, in any order. The ledger, flags and events commit together or not at all."""
    async with transaction(pool) as db:
        settled, held = await take_within(db, fact, request_id=request_id)
    await announce(redis, settled, held)
    return settled


async def take_within(db: Db, fact: Fact, *, request_id: str) -> tuple[Settlement, Wallet | None]:
    """`take` inside the caller's transaction, who announces it after the commit; the wallet if it has moved."""
    settled = await queries.take(db, fact)
    if settled.user_id is None:
        return settled, None
    await _tell(db, settled, fact, request_id)
    for claim in await queries.claims_moved(db, fact.event_id):
        contested = EarningsContested(
            creator_id=claim.creator_id,
            claim_id=claim.id,
            gift_event_id=claim.gift_event_id,
            tokens=claim.tokens,
            share=claim.share,
            state=claim.state,
        )
        await record(db, contested, request_id=request_id)
    return settled, await economy.wallet(db, settled.user_id) if settled.moved else None


async def announce(redis: AsyncRedis, settled: Settlement, held: Wallet | None) -> None:
    """Tell the buyer what is in the wallet, once that has committed."""
    if held is not None and settled.user_id is not None:
        await announce_balances(redis, {settled.user_id: held})
        log.info("payment_settled", payment=str(settled.payment_id), state=settled.state, tokens=settled.moved)


async def _tell(db: Db, settled: Settlement, fact: Fact, request_id: str) -> None:
    """The events and flags of one settlement."""
    user_id, payment = settled.user_id, str(settled.payment_id)
    assert user_id is not None
    if settled.moved > 0:
        granted = TokensGranted(user_id=user_id, tokens=settled.moved, bucket="paid", reason="purchase")
        await record(db, granted, request_id=request_id)
    elif settled.moved < 0:
        reversal = TokensReversed(
            user_id=user_id,
            tokens=-settled.moved,
            bucket="paid",
            reason="dispute" if settled.state == "disputed" else "refund",
        )
        await record(db, reversal, request_id=request_id)
    said = {"event": fact.event_id, "paymentIntent": fact.payment_intent}
    if settled.outcome == "amount_mismatch" and fact.paid_minor is not None:
        paid = {**said, "paidMinor": fact.paid_minor, "currency": fact.currency}
        await fraud.flag(db, "amount_mismatch", user_id, payment, paid, request_id=request_id)
    if settled.outcome == "second_payment":
        await fraud.flag(db, "second_payment", user_id, payment, said, request_id=request_id)
    if settled.locked:
        await fraud.flag(db, "dispute", user_id, payment, {**said, "dispute": fact.dispute}, request_id=request_id)
    if settled.sharing_card and (settled.moved > 0 or fact.card is not None):
        people = sorted({user_id, *settled.sharing_card}, key=str)
        for person in people:
            others = {"sharedWith": [str(other) for other in people if other != person]}
            await fraud.flag(db, "shared_card", person, str(settled.card), others, request_id=request_id)


async def payment(pool: Pool, user_id: UUID, payment_id: UUID) -> Payment:
    """A payment of this person; `UnknownPayment` for one that is not theirs."""
    async with connection(pool) as db:
        found = await queries.payment(db, user_id, payment_id)
    if found is None:
        raise UnknownPayment()
    return found


async def payments(pool: Pool, user_id: UUID, before: UUID | None, limit: int) -> list[Payment]:
    """What somebody ordered, newest first; `before` is the last one already read."""
    async with connection(pool) as db:
        return await queries.payments(db, user_id, before, limit)


async def debt(db: Db, user_id: UUID) -> int:
    """Tokens that this person owes; the next purchases repay them first."""
    return await queries.debt(db, user_id)
