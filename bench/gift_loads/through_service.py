"""Gifts as a process of the API sends them: each awaited singly, through `send_gift` and its batches."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.economy import service
from domain.economy.coalesce import CONNECTIONS, GiftBatches
from domain.economy.model import GiftOrder
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.postgres import Pool, make_pool
from livestreamx.settings import Settings

CLIENTS = 192


class Giver:
    """Sends HEARTs."""

    def __init__(self, pool: Pool, redis: AsyncRedis, batches: GiftBatches) -> None:
        self._pool, self._redis, self._batches = pool, redis, batches

    async def give(self, sender: UUID, stream: UUID) -> UUID:
        """One gift; its id."""
        order = GiftOrder(
            sender=sender, handle="bench", stream_id=stream, code="HEART", idempotency_key=secrets.token_hex(8)
        )
        receipt = await service.send_gift(self._pool, self._redis, order, batches=self._batches)
        return receipt.gift_event_id


@asynccontextmanager
async def giver(settings: Settings) -> AsyncIterator[Giver]:
    """A giver with connections like those of the API."""
    redis = redis_engine.connect(settings.redis_url)
    async with make_pool(settings.postgres_url, most=CONNECTIONS) as pool:
        batches = GiftBatches(pool, redis)
        batches.start()
        yield Giver(pool, redis, batches)
        await batches.close()
    await redis.aclose()


async def give(settings: Settings, senders: list[UUID], streams: list[UUID], seconds: float) -> list[float]:
    """What each gift took (s), sent by so many clients one after another for so long."""
    took: list[float] = []
    async with giver(settings) as gifts:
        end = time.perf_counter() + seconds

        async def client() -> None:
            while (began := time.perf_counter()) < end:
                await gifts.give(random.choice(senders), random.choice(streams))
                took.append(time.perf_counter() - began)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return took
