"""What Stripe says, taken in once and in any order: facts, the ledger, subscriptions and events commit together."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg.errors import DeadlockDetected
from redis.asyncio import Redis as AsyncRedis

from domain.economy.model import Wallet
from domain.fraud import service as fraud
from domain.payments import service as payments
from domain.payments.facts import Fact
from domain.payments.model import Settlement as Paid
from domain.subscriptions import following, gifts, queries
from domain.subscriptions.facts import ChannelFact, GiftFact, InvoiceFact, SubscriptionFact
from domain.subscriptions.following import Person
from domain.subscriptions.queries import Settlement
from livestreamx.engines.postgres import Db, Pool, transaction

ATTEMPTS = 10
"""News of one channel that come at once may wait for each other in a circle: PostgreSQL ends one, which begins anew."""

Done = TypeVar("Done")


async def _whole(pool: Pool, act: Callable[[Db], Awaitable[Done]]) -> Done:
    """Do it in one transaction, which is begun anew after a deadlock."""
    for _ in range(ATTEMPTS - 1):
        try:
            async with transaction(pool) as db:
                return await act(db)
        except DeadlockDetected:
            continue
    async with transaction(pool) as db:
        return await act(db)


async def take_payment(pool: Pool, redis: AsyncRedis, fact: Fact, *, request_id: str = "") -> str:
    """Take in what Stripe said of a payment, of tokens, a subscription or a gift of some; the outcome."""

    async def act(db: Db) -> tuple[str, Paid, Wallet | None, list[Person]]:
        settled, held = await payments.take_within(db, fact, request_id=request_id)
        if settled.outcome != "kept" or fact.payment_intent is None:
            return settled.outcome, settled, held, []
        done = await queries.settle_intent(db, fact.payment_intent)
        return done.outcome, settled, held, await _follow(db, done, fact.event_id, request_id)

    outcome, settled, held, changed = await _whole(pool, act)
    await payments.announce(redis, settled, held)
    await following.tell(redis, changed)
    return outcome


async def take(pool: Pool, redis: AsyncRedis, fact: ChannelFact, *, request_id: str = "") -> str:
    """Take in what Stripe said of a subscription or of a gift of some; the outcome."""

    async def act(db: Db) -> tuple[str, list[Person]]:
        if not isinstance(fact, GiftFact) and fact.subscription_id is not None:
            await queries.lock(db, fact.subscription_id)  # before the channel's earnings, in each transaction
        match fact:
            case InvoiceFact():
                done = await queries.take_invoice(db, fact)
                if done.subscription_id is not None:
                    await queries.note(db, done.subscription_id, fact)
            case GiftFact():
                done = await gifts.take(db, fact)
            case SubscriptionFact():
                done = await _note(db, fact)
        return done.outcome, await _follow(db, done, fact.event_id, request_id)

    outcome, changed = await _whole(pool, act)
    await following.tell(redis, changed)
    return outcome


async def _note(db: Db, fact: SubscriptionFact) -> Settlement:
    if not await queries.note_event(db, fact.event_id, fact.event_type):
        return Settlement(outcome="duplicate")
    if await queries.find(db, fact.subscription_id) is None:
        return Settlement(outcome="kept")
    await queries.note(db, fact.subscription_id, fact)
    return Settlement(outcome="settled", subscription_id=fact.subscription_id)


async def _follow(db: Db, done: Settlement, cause: str, request_id: str) -> list[Person]:
    """What comes of a settlement, and whose standing it may have changed."""
    if done.outcome == "amount_mismatch" and done.payer_id is not None:
        evidence = {"event": cause, "subscription": str(done.subscription_id), "gift": str(done.gift_id)}
        subject = str(done.charge_id)
        await fraud.flag(db, "amount_mismatch", done.payer_id, subject, evidence, request_id=request_id)
    if done.subscription_id is not None:
        return await following.follow(db, done.subscription_id, done, request_id=request_id)
    if done.gift_id is not None:
        return await gifts.follow(db, done, request_id=request_id)
    return []
