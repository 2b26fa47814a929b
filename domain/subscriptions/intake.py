"""What Stripe says, taken in once and in any order: facts, the ledger, subscriptions and events commit together."""

from redis.asyncio import Redis as AsyncRedis

from domain.fraud import service as fraud
from domain.payments import service as payments
from domain.payments.facts import Fact
from domain.subscriptions import following, gifts, queries
from domain.subscriptions.facts import ChannelFact, GiftFact, InvoiceFact, SubscriptionFact
from domain.subscriptions.following import Person
from domain.subscriptions.queries import Settlement
from livestreamx.engines.postgres import Db, Pool, transaction


async def take_payment(pool: Pool, redis: AsyncRedis, fact: Fact, *, request_id: str = "") -> str:
    """Take in what Stripe said of a payment, of tokens, a subscription or a gift of some; the outcome."""
    changed: list[Person] = []
    async with transaction(pool) as db:
        settled, held = await payments.take_within(db, fact, request_id=request_id)
        outcome = settled.outcome
        if outcome == "kept" and fact.payment_intent is not None:
            done = await queries.settle_intent(db, fact.payment_intent)
            outcome = done.outcome
            changed = await _follow(db, done, fact.event_id, request_id)
    await payments.announce(redis, settled, held)
    await following.tell(redis, changed)
    return outcome


async def take(pool: Pool, redis: AsyncRedis, fact: ChannelFact, *, request_id: str = "") -> str:
    """Take in what Stripe said of a subscription or of a gift of some; the outcome."""
    async with transaction(pool) as db:
        match fact:
            case InvoiceFact():
                done = await queries.take_invoice(db, fact)
                if done.subscription_id is not None:
                    await queries.note(db, done.subscription_id, fact)
            case GiftFact():
                done = await gifts.take(db, fact)
            case SubscriptionFact():
                done = await _note(db, fact)
        changed = await _follow(db, done, fact.event_id, request_id)
    await following.tell(redis, changed)
    return done.outcome


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
