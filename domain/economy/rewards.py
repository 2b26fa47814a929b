"""`python -m domain.economy.rewards`: the role that gives bonus tokens for levels; any number may run at once.

Levels are read from Kafka at least once, and granted once: the grant's own key is the person and the level.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from uuid import UUID

import msgspec
import psycopg
import structlog
from confluent_kafka import Consumer, KafkaException, Message
from psycopg_pool import PoolTimeout
from redis.asyncio import Redis as AsyncRedis

from domain.economy import service
from domain.economy.model import Wallet
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.kafka import REQUEST_ID_HEADER
from livestreamx.engines.postgres import Pool, make_pool, transaction
from livestreamx.errors import Unavailable
from livestreamx.events import LevelReached, decode
from livestreamx.observe.logging import configure_logging
from livestreamx.settings import Settings
from livestreamx.topics import SIGNALS

GROUP = "rewards"
MOST = 200
POLL_SECONDS = 0.2
PAUSE_SECONDS = 1.0
OUTAGES = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError, Unavailable)

log = structlog.get_logger("domain.economy")


def make_consumer(bootstrap: str) -> Consumer:
    """A member of the group of rewards; offsets are committed once their levels are granted."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": GROUP,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1000,
        }
    )


class Rewards:
    """Grants what each level brings, in the order of its partition."""

    def __init__(self, pool: Pool, redis: AsyncRedis, consumer: Consumer) -> None:
        self._pool, self._redis, self._consumer = pool, redis, consumer

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Until told to stop; engines that are away are waited for. `on_ready` is called once it has read."""
        self._consumer.subscribe([SIGNALS.name])
        is_ready = False
        while not stop.is_set():
            try:
                if not is_ready:
                    await asyncio.to_thread(self._consumer.list_topics, timeout=5)
                messages = await asyncio.to_thread(self._consumer.consume, MOST, POLL_SECONDS)
                for message in messages:
                    await self._reward(message, stop)
                if messages and not stop.is_set():
                    await asyncio.to_thread(self._consumer.commit, asynchronous=False)
            except KafkaException as error:
                log.warning("rewards_put_off", error=str(error))
                await pause(stop)
            else:
                if not is_ready:
                    is_ready = True
                    on_ready()

    async def _reward(self, message: Message, stop: asyncio.Event) -> None:
        if (failure := message.error()) is not None:
            raise KafkaException(failure)
        reached = read_level(message)
        while reached is not None and reached.user_id is not None and not stop.is_set():
            try:
                await self._grant(reached.user_id, reached.level, request_of(message))
            except OUTAGES as error:
                log.warning("reward_put_off", error=f"{type(error).__name__}: {error}")
                await pause(stop)
            except psycopg.IntegrityError:
                log.exception("reward_to_nobody", user_id=str(reached.user_id), level=reached.level)
                return
            else:
                return

    async def _grant(self, user_id: UUID, level: int, request_id: str) -> None:
        held: Wallet | None = None
        async with transaction(self._pool) as db:
            if await service.grant_level_bonus(db, user_id, level, request_id=request_id):
                held = await service.wallet(db, user_id)
        if held is not None:
            await service.announce_balance(self._redis, user_id, held)
            log.info("level_rewarded", user_id=str(user_id), level=level)


def read_level(message: Message) -> LevelReached | None:
    """The level in a record, None for another event; what cannot be read is the archive's to keep."""
    try:
        event = decode(message.value() or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return event if isinstance(event, LevelReached) and event.level > 0 else None


def request_of(message: Message) -> str:
    headers = dict(message.headers() or [])
    found = headers.get(REQUEST_ID_HEADER)
    return found.decode(errors="replace") if isinstance(found, bytes) else ""


async def pause(stop: asyncio.Event) -> None:
    """Wait a moment, or less when told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)


def say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pool = make_pool(settings.postgres_url, most=2, name="livestreamx-rewards")
    redis = redis_engine.connect(settings.redis_url)
    consumer = make_consumer(settings.kafka_bootstrap)
    await pool.open()
    try:
        await Rewards(pool, redis, consumer).run(stop, say_ready)
    finally:
        await asyncio.to_thread(consumer.close)
        await pool.close()
        await redis.aclose()


def main() -> None:
    """The rewards over the engines that the `LSX_*` variables name."""
    settings = Settings.from_env().require("postgres_url", "redis_url", "kafka_bootstrap")
    configure_logging(level=settings.log_level, json=settings.log_json, role="rewards")
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
