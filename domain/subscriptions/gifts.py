"""Giving subscriptions to others: ordering them, and what follows from their payment."""

from uuid import UUID

from domain.accounts import service as accounts
from domain.economy.model import KeyReused
from domain.economy.refusals import limits_explained
from domain.economy.service import check_key
from domain.moderation import service as moderation
from domain.payments.checkout import Checkout
from domain.payments.model import PaymentsOff, Sale
from domain.subscriptions import following, gift_queries, queries, service
from domain.subscriptions.facts import GiftFact
from domain.subscriptions.following import Person
from domain.subscriptions.model import (
    AlreadySubscribed,
    Gift,
    GiftOrder,
    GiftRefused,
    GiftState,
    OneForSomebody,
)
from domain.subscriptions.queries import Settlement
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection
from livestreamx.events import SubscriptionReversed


async def order(pool: Pool, checkout: Checkout | None, wanted: GiftOrder, *, site: str) -> tuple[Gift, str]:
    """A gift and the address to pay it at; the same one for the same key.

    Refusals: those of `service.subscribe`; for a person named `OneForSomebody`, `NotFound`, `GiftRefused`,
    `AlreadySubscribed`.
    """
    if checkout is None:
        raise PaymentsOff()
    check_key(wanted.key)
    if wanted.recipient_id is not None and wanted.qty != 1:
        raise OneForSomebody()
    async with connection(pool) as db, limits_explained():
        gift = await gift_queries.by_key(db, wanted.giver_id, wanted.key)
        if gift is None:
            await service.find_channel(db, wanted.giver_id, wanted.creator_id)
            tier = await service.find_tier(db, wanted.tier)
            if wanted.recipient_id is not None:
                await _require_taker(db, wanted.recipient_id, wanted)
            gift = await gift_queries.enter(db, wanted, tier)
    asked = (wanted.creator_id, wanted.recipient_id, wanted.tier, wanted.qty)
    if (gift.creator_id, gift.recipient_id, gift.tier, gift.qty) != asked:
        raise KeyReused("This key ordered another gift")
    if gift.checkout_url is not None:
        return gift, gift.checkout_url
    page = await checkout.open(
        Sale(
            id=gift.id,
            name="gift_id",
            key="gift-subs",
            title=f"Subscription to {gift.creator} for others, tier {gift.tier}",
            price_minor=gift.price_minor,
            currency=gift.currency,
            qty=gift.qty,
            back=f"{site}/wallet/subscriptions",
        )
    )
    async with connection(pool) as db:
        await gift_queries.keep_checkout(db, gift.id, page.id, page.url)
    return gift, page.url


async def _require_taker(db: Db, person: UUID, wanted: GiftOrder) -> None:
    """That this person can be given one now; the giver and the creator cannot."""
    await accounts.find(db, person)
    if person in (wanted.giver_id, wanted.creator_id):
        raise GiftRefused("Give it to somebody else", code="recipient_refuses_gifts")
    if (await moderation.standing(db, person, wanted.creator_id)).is_banned:
        raise GiftRefused("This person may not take part in this channel", code="recipient_banned")
    if await gift_queries.refuses(db, person):
        raise GiftRefused("This person does not want to be given subscriptions", code="recipient_refuses_gifts")
    has = await queries.latest(db, person, wanted.creator_id)
    if has is not None and has.lasts:
        raise AlreadySubscribed("This person subscribes to this channel already")


async def take(db: Db, fact: GiftFact) -> Settlement:
    """Keep what Stripe said of a gift's payment, and let the ledger follow; once."""
    done = await gift_queries.take(db, fact)
    if fact.gave_up and done.gift_id is not None:
        await gift_queries.give_up(db, done.gift_id)
    return done


async def follow(db: Db, done: Settlement, *, request_id: str = "") -> list[Person]:
    """Bring a gift, and the subscriptions that it became, to what is paid of it; whose standing it changed.

    Once all of its money went back they end, and last again if it was won back.
    """
    assert done.gift_id is not None
    gift = await gift_queries.lock(db, done.gift_id)
    if gift is None:
        raise LookupError(f"gift {done.gift_id}")
    if done.moved and not done.is_first:
        await record(db, _reversed(gift, done), request_id=request_id)
    state = _state(gift, done, was_paid=await gift_queries.was_paid(db, gift.id))
    if state == gift.state:
        return []
    if state == "refunded" and gift.state in ("created", "failed"):  # what was told last is told first
        await gift_queries.move(db, gift.id, "paid")
    await gift_queries.move(db, gift.id, state)
    changed: list[Person] = []
    for subscription_id in await gift_queries.given(db, gift.id):
        changed += await following.follow(db, subscription_id, request_id=request_id)
    return changed


def _state(gift: Gift, done: Settlement, *, was_paid: bool) -> GiftState:
    if done.kept_minor > 0:
        return "given" if gift.given == gift.qty else "paid"
    return "refunded" if was_paid else gift.state


def _reversed(gift: Gift, done: Settlement) -> SubscriptionReversed:
    return SubscriptionReversed(
        creator_id=gift.creator_id,
        user_id=gift.giver_id,
        subscription_id=gift.id,
        handle=gift.handle,
        tier=gift.tier,
        amount_minor=gift.price_minor * gift.qty,
        currency=gift.currency,
        state="expired" if done.kept_minor == 0 else "active",
        change="taken" if done.moved < 0 else "put_back",
        share=abs(done.moved),
    )


async def mine(pool: Pool, giver_id: UUID, limit: int) -> list[Gift]:
    """What somebody gave, newest first."""
    async with connection(pool) as db:
        return await gift_queries.of_giver(db, giver_id, limit)


async def accepts(pool: Pool, user_id: UUID) -> bool:
    """Whether somebody may be given subscriptions."""
    async with connection(pool) as db:
        return not await gift_queries.refuses(db, user_id)


async def choose(pool: Pool, user_id: UUID, *, accept: bool) -> None:
    """Let oneself be given subscriptions, or not."""
    async with connection(pool) as db:
        await gift_queries.choose(db, user_id, accept=accept)
