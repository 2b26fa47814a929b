"""`python -m domain.commands.executor`: the role that plays commands and games; any number may run at once.

Prints `ready` once it has looked; engines that are away are waited for.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from domain.commands.running import expire_one, finish_one, start_one
from domain.economy import service as economy
from domain.minigames import queries as games
from domain.minigames import service as minigames
from livestreamx.clock import now
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.postgres import Pool, connection, make_pool
from livestreamx.errors import Unavailable
from livestreamx.frames import MinigameUpdate
from livestreamx.observe.logging import configure_logging
from livestreamx.settings import Settings

TICK_SECONDS = 0.2
PAUSE_SECONDS = 1.0
UPDATE_SECONDS = 1.0
OUTAGES = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, RedisError, OSError, Unavailable)

log = structlog.get_logger("commands")


class Executor:
    """Looks again and again for what is due, and does it."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self._pool, self._redis, self._bus = pool, redis, RoomBus(redis)
        self._updated_at = 0.0

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Until told to stop; `on_ready` is called after the first look that went well."""
        is_ready = False
        while not stop.is_set():
            well = [await self._try(step) for step in (self._finish, self._start, self._expire, self._play)]
            if all(well) and not is_ready:
                is_ready = True
                on_ready()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK_SECONDS if all(well) else PAUSE_SECONDS)

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except OUTAGES as error:
            log.warning("step_put_off", step=step.__name__, error=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("step_failed", step=step.__name__)
        else:
            return True
        return False

    async def _finish(self) -> None:
        while await finish_one(self._pool):
            pass

    async def _start(self) -> None:
        while sender := await start_one(self._pool):
            await self._announce(sender)

    async def _expire(self) -> None:
        while sender := await expire_one(self._pool):
            await self._announce(sender)

    async def _announce(self, sender: UUID) -> None:
        """Tell the person's sockets what they have now; a gift may have come back."""
        async with connection(self._pool) as db:
            held = await economy.wallet(db, sender)
        await economy.announce_balance(self._redis, sender, held)

    async def _play(self) -> None:
        """End the games that are over, and tell how the others stand, once a second."""
        at = asyncio.get_running_loop().time()
        if at - self._updated_at < UPDATE_SECONDS:
            return
        self._updated_at = at
        async with connection(self._pool) as db:
            running = await games.running(db)
        for game in running:
            if await minigames.end(self._pool, self._redis, game.id) or game.game == "wheel":
                continue
            stands = await minigames.standing(self._redis, game)
            update = MinigameUpdate(
                gameId=game.id,
                game=game.game,
                hp=stands.hp,
                sides=stands.sides,
                players=len(stands.entrants),
                asOf=now(),
            )
            await self._bus.publish(game.stream_id, "minigame:update", update)


async def execute(settings: Settings) -> None:
    """Run until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pool = make_pool(settings.postgres_url, most=4, name="livestreamx-commands")
    redis = redis_engine.connect(settings.redis_url)
    await pool.open()
    try:
        await Executor(pool, redis).run(stop, lambda: print("ready", flush=True))
    finally:
        await pool.close()
        await redis.aclose()


def main() -> None:
    """The executor over the engines that the `LSX_*` variables name."""
    settings = Settings.from_env().require("postgres_url", "redis_url")
    configure_logging(level=settings.log_level, json=settings.log_json, role="commands")
    asyncio.run(execute(settings))


if __name__ == "__main__":
    main()
