"""From the answer to a gift until a consumer of Kafka has its event, with the relay as a process of its own."""

import asyncio
import random
import threading
import time
from uuid import UUID

from confluent_kafka import Consumer, TopicPartition

from bench.gift_loads.through_http import started, wait_ready
from bench.gift_loads.through_service import Giver, giver
from bench.gift_loads.world import World
from livestreamx.events import GiftSent, decode
from livestreamx.settings import Settings
from livestreamx.topics import ECONOMY

RATE, TICK_SECONDS = 1000, 0.01
PATIENCE_SECONDS = 10.0
WARM_UP_SECONDS = 2.0


class Arrivals:
    """When each gift's event reached a consumer; reads from the end of the topic in a thread of its own."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench", "fetch.wait.max.ms": 5, "enable.auto.commit": False}
        )
        places = [TopicPartition(ECONOMY.name, number) for number in range(ECONOMY.partitions)]
        self._consumer.assign(
            [
                TopicPartition(place.topic, place.partition, self._consumer.get_watermark_offsets(place, 10)[1])
                for place in places
            ]
        )
        self.at: dict[UUID, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._over.is_set():
            message = self._consumer.poll(0.05)
            if message is None or message.error() is not None:
                continue
            event = decode(message.value() or b"")
            if isinstance(event, GiftSent):
                self.at[event.gift_event_id] = time.perf_counter()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._consumer.close()


async def at_a_rate(gifts: Giver, world: World, seconds: float) -> dict[UUID, float]:
    """So many gifts a second, whatever they take; when each was answered."""
    answered: dict[UUID, float] = {}

    async def one() -> None:
        gift = await gifts.give(random.choice(world.senders), random.choice(world.streams))
        answered[gift] = time.perf_counter()

    sending: list[asyncio.Task[None]] = []
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        sending += [asyncio.create_task(one()) for _ in range(int(passed * RATE) - len(sending))]
        await asyncio.sleep(TICK_SECONDS)
    await asyncio.gather(*sending)
    return answered


async def lags(settings: Settings, world: World, seconds: float) -> list[float]:
    """Seconds from the answer to the consumer, of every gift; 0 when the consumer was faster than the answer."""
    env = {"LSX_POSTGRES_URL": settings.postgres_url, "LSX_KAFKA_BOOTSTRAP": settings.kafka_bootstrap}
    with started("livestreamx.engines.outbox", env) as output:
        await asyncio.to_thread(wait_ready, output)
        arrivals = await asyncio.to_thread(Arrivals, settings.kafka_bootstrap)
        try:
            async with giver(settings) as gifts:
                await at_a_rate(gifts, world, WARM_UP_SECONDS)
                answered = await at_a_rate(gifts, world, seconds)
            end = time.perf_counter() + PATIENCE_SECONDS
            while len(arrivals.at.keys() & answered.keys()) < len(answered) and time.perf_counter() < end:
                await asyncio.sleep(TICK_SECONDS)
            return [max(arrivals.at[gift] - moment, 0.0) for gift, moment in answered.items()]
        finally:
            arrivals.close()
