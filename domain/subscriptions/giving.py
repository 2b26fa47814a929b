"""Giving out what was paid for others: to the person named, or to people by chance who chatted in the last minutes.

Whatever finds nobody stays owed, and is given out when somebody comes: nothing that was paid is lost.
"""

import random
from collections.abc import Sequence
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.streams import queries as streams
from domain.subscriptions import following, gift_queries, queries
from domain.subscriptions.following import Person
from domain.subscriptions.model import Gift
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.events import SubscriptionGifted

CHATTED_SECONDS = 600
MINUTE = 60
PAUSE_SECONDS = 5.0
"""How long after a look for people the next one for the same gift comes."""

_chance = random.SystemRandom()


async def give_owed(pool: Pool, redis: AsyncRedis) -> bool:
    """Look for people for one gift that is paid; whether there was one to look for."""
    async with connection(pool) as db:
        gift_id = await gift_queries.claim_owed(db, PAUSE_SECONDS)
        gift = None if gift_id is None else await gift_queries.find(db, gift_id)
    if gift is None:
        return False
    people = [gift.recipient_id] if gift.recipient_id else await chatters(redis, gift.creator_id)
    async with transaction(pool) as db:
        locked = await gift_queries.lock(db, gift.id)
        changed = await _give(db, locked, people) if locked else []
    await following.tell(redis, changed)
    return True


async def chatters(redis: AsyncRedis, creator_id: UUID) -> list[UUID]:
    """Who said something in a channel in the last ten minutes, as the `audience` flow keeps it; in no order."""
    latest = int(now().timestamp())
    oldest = latest - CHATTED_SECONDS
    async with redis.pipeline(transaction=False) as pipe:
        for minute in range(oldest // MINUTE, latest // MINUTE + 1):
            pipe.hkeys(keys.challenge_acts(creator_id, minute))
        acts = [act for some in await pipe.execute() for act in some]
    found: set[UUID] = set()
    for act in acts:
        second, kind, user = act.decode().split(":", 2)
        if kind == "chat_messages" and int(second) >= oldest:
            found.add(UUID(user))
    return list(found)


async def _give(db: Db, gift: Gift, people: Sequence[UUID]) -> list[Person]:
    """To as many of these people as are owed and can take one, by chance."""
    if gift.owed == 0:
        return []
    fit = await gift_queries.who_may_get(db, gift, people)
    # Everybody who gives at this moment goes through them in one order: nobody waits for each other in a circle.
    chosen = sorted(_chance.sample(fit, min(gift.owed, len(fit))))
    on_air = await streams.on_air(db, gift.creator_id)
    number, reached = gift.given, []
    for person in chosen:
        made = await gift_queries.give(db, gift, person)
        if made is None:
            continue
        number += 1
        reached.append((person, gift.creator_id))
        await record(db, await _event(db, gift, made, number, on_air.id if on_air else None))
    if number == gift.qty:
        await gift_queries.move(db, gift.id, "given")
    return reached


async def _event(db: Db, gift: Gift, subscription_id: UUID, number: int, stream_id: UUID | None) -> SubscriptionGifted:
    made = await queries.find(db, subscription_id)
    assert made is not None
    assert made.started_at is not None
    assert made.renews_at is not None
    return SubscriptionGifted(
        stream_id=stream_id,
        creator_id=gift.creator_id,
        user_id=gift.giver_id,
        gift_id=gift.id,
        subscription_id=subscription_id,
        handle=gift.handle,
        recipient_id=made.user_id,
        recipient=made.handle,
        tier=gift.tier,
        amount_minor=gift.price_minor,
        currency=gift.currency,
        since=made.started_at,
        until=made.renews_at,
        given=number,
        qty=gift.qty,
    )
