"""Money back for unspent tokens: they leave the wallet at once, the money goes when Stripe says so.

The wish is kept before Stripe is asked, and Stripe is asked under its id: asking again finishes what was begun.
"""

from typing import Literal
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.economy import service as economy
from domain.economy.announcing import announce_balances
from domain.economy.refusals import why_locked
from domain.fraud import service as fraud
from domain.payments import queries
from domain.payments.checkout import Checkout
from domain.payments.facts import FailedRefund
from domain.payments.model import NotRefundable, PaymentsOff, Refund, RefundRefused, RefundWish, UnknownPayment
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.events import PurchaseRefund

REFUND_DAYS = 14

log = structlog.get_logger("domain.payments")


async def refund_purchase(
    pool: Pool, redis: AsyncRedis, checkout: Checkout | None, *, user_id: UUID, payment_id: UUID, request_id: str = ""
) -> Refund:
    """Send back the money of this purchase's unspent tokens; while a refund of it is open, the same one again.

    Refusals: `PaymentsOff`, `UnknownPayment`, `NotRefundable`, `Locked`, `RefundRefused` (the tokens are back),
    `RefundUnanswered` (ask again).
    """
    if checkout is None:
        raise PaymentsOff()
    async with transaction(pool) as db:
        wish = await queries.ask_refund(db, payment_id, user_id, REFUND_DAYS)
        if wish.outcome == "wallet_locked":
            raise await why_locked(db, user_id)
        refund = _refund(wish, payment_id)
        if wish.outcome == "asked":
            await record(db, _event(refund, user_id, "asked"), request_id=request_id)
        held = await economy.wallet(db, user_id)
    await announce_balances(redis, {user_id: held})
    assert wish.payment_intent is not None
    try:
        await checkout.refund(wish.payment_intent, refund.minor, refund_id=refund.id)
    except RefundRefused:
        async with transaction(pool) as db:
            if await queries.refuse_refund(db, refund.id):
                await record(db, _event(refund, user_id, "refused"), request_id=request_id)
            held = await economy.wallet(db, user_id)
        await announce_balances(redis, {user_id: held})
        raise
    log.info("refund_asked", refund=str(refund.id), tokens=refund.tokens, minor=refund.minor)
    return refund


async def note_failure(pool: Pool, failed: FailedRefund, *, request_id: str = "") -> bool:
    """Show an admin a refund that failed after all, once; whether it is new. The tokens stay gone: money is still owed.

    `UnknownPayment` before Stripe has said whose payment it was: it tells again.
    """
    async with transaction(pool) as db:
        found = await queries.paid_by(db, failed.payment_intent)
        if found is None:
            raise UnknownPayment()
        payment_id, user_id = found
        evidence = {"payment": str(payment_id), **msgspec.structs.asdict(failed)}
        return await fraud.flag_once(db, "refund_failed", user_id, failed.refund, evidence, request_id=request_id)


def _refund(wish: RefundWish, payment_id: UUID) -> Refund:
    match wish.outcome:
        case "unknown":
            raise UnknownPayment()
        case "not_credited":
            raise NotRefundable(
                "Only a purchase that was paid, and is neither refunded nor disputed, can be refunded",
                code="purchase_not_credited",
            )
        case "too_late":
            raise NotRefundable(f"Unspent tokens are refunded within {REFUND_DAYS} days", code="refund_too_late")
        case "spent":
            raise NotRefundable("The tokens of this purchase are spent: gifts are final", code="tokens_spent")
    if wish.refund_id is None or wish.tokens is None or wish.minor is None or wish.currency is None:
        raise RuntimeError(f"ledger.ask_refund answered {wish.outcome}")
    return Refund(
        id=wish.refund_id, payment_id=payment_id, tokens=wish.tokens, minor=wish.minor, currency=wish.currency
    )


def _event(refund: Refund, user_id: UUID, state: Literal["asked", "refused"]) -> PurchaseRefund:
    return PurchaseRefund(
        user_id=user_id,
        refund_id=refund.id,
        payment_id=refund.payment_id,
        tokens=refund.tokens,
        minor=refund.minor,
        currency=refund.currency,
        state=state,
    )
