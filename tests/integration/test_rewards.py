"""Levels become bonus tokens: once each, whatever is told twice, and after an outage too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import psycopg
from redis.asyncio import Redis as AsyncRedis

from domain.economy import service as economy
from domain.economy.rewards import Rewards, make_consumer
from livestreamx.clock import now
from livestreamx.engines.kafka import Emitter, producer
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.events import LevelReached, MoodChanged
from livestreamx.settings import Settings
from livestreamx.topics import SIGNALS
from tests.integration.books import make_person
from tests.integration.people import events_of


@asynccontextmanager
async def rewards(settings: Settings, pool: Pool, redis: AsyncRedis) -> AsyncIterator[None]:
    """The role, while the block runs."""
    stop, ready = asyncio.Event(), asyncio.Event()
    consumer = make_consumer(settings.kafka_bootstrap)
    running = asyncio.create_task(Rewards(pool, redis, consumer).run(stop, ready.set))
    await asyncio.wait_for(ready.wait(), 60)
    try:
        yield
    finally:
        stop.set()
        await running
        await asyncio.to_thread(consumer.close)


async def until_bonus(pool: Pool, user: UUID, tokens: int) -> None:
    async with asyncio.timeout(60):
        while True:
            async with connection(pool) as db:
                if (await economy.wallet(db, user)).bonus == tokens:
                    return
            await asyncio.sleep(0.05)


def person(settings: Settings) -> UUID:
    with psycopg.connect(settings.postgres_url, autocommit=True) as db:
        return make_person(db)


async def test_a_level_is_rewarded_once(settings: Settings, pool: Pool, redis: AsyncRedis) -> None:
    user, other = person(settings), person(settings)
    emitter = Emitter(settings.kafka_bootstrap)
    try:
        async with rewards(settings, pool, redis):
            reached = LevelReached(user_id=user, level=2, xp=100)
            for event in (reached, reached, LevelReached(user_id=user, level=2, xp=101)):
                await emitter.emit(event)
            await emitter.emit(LevelReached(user_id=uuid4(), level=5, xp=1000))
            mood = MoodChanged(mood="joy", intensity=1.0, shares={}, reactors=1, since=now(), hop_end=now())
            await emitter.emit(mood)
            broken = producer(settings.kafka_bootstrap)
            broken.produce(SIGNALS.name, b"no event", key=str(user))
            assert broken.flush(60) == 0
            await emitter.emit(LevelReached(user_id=user, level=3, xp=300))
            await until_bonus(pool, user, 50)
        await emitter.emit(LevelReached(user_id=user, level=3, xp=300))
        await emitter.emit(LevelReached(user_id=other, level=4, xp=600))
        async with rewards(settings, pool, redis):
            await until_bonus(pool, other, 40)
            await until_bonus(pool, user, 50)
    finally:
        emitter.close()
    assert await events_of(pool, user, "tokens.granted") == 2


async def test_racing_grants_of_a_level_are_one(settings: Settings, pool: Pool) -> None:
    user = person(settings)

    async def grant() -> bool:
        async with transaction(pool) as db:
            return await economy.grant_level_bonus(db, user, 7)

    assert sorted(await asyncio.gather(*(grant() for _ in range(6)))) == [False] * 5 + [True]
    await until_bonus(pool, user, 70)
