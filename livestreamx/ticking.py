"""A role that looks again and again for what is due, and does it; engines that are away are waited for.

Every step is a transaction of its own and leaves due what it could not do: any number of such roles take turns.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from livestreamx.engines import redis as redis_engine
from livestreamx.engines.postgres import Pool, make_pool
from livestreamx.errors import Unavailable
from livestreamx.observe.logging import configure_logging
from livestreamx.settings import Settings

TICK_SECONDS = 0.2
PAUSE_SECONDS = 1.0
OUTAGES = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, RedisError, OSError, Unavailable)

Step = Callable[[], Awaitable[None]]
log = structlog.get_logger("ticking")


async def tick(steps: Sequence[Step], stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
    """Take the steps until told to stop; `on_ready` is called after the first round that went well."""
    is_ready = False
    while not stop.is_set():
        well = [await _try(step) for step in steps]
        if all(well) and not is_ready:
            is_ready = True
            on_ready()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TICK_SECONDS if all(well) else PAUSE_SECONDS)


async def _try(step: Step) -> bool:
    try:
        await step()
    except OUTAGES as error:
        log.warning("step_put_off", step=step.__name__, error=f"{type(error).__name__}: {error}")
    except Exception:
        log.exception("step_failed", step=step.__name__)
    else:
        return True
    return False


def run_role(name: str, steps_of: Callable[[Pool, AsyncRedis, Settings], Sequence[Step]]) -> None:
    """A process of such steps over the engines that the `LSX_*` variables name, until SIGTERM or Ctrl-C.

    Prints `ready` once it has looked.
    """
    settings = Settings.from_env().require("postgres_url", "redis_url")
    configure_logging(level=settings.log_level, json=settings.log_json, role=name)
    asyncio.run(_serve(name, steps_of, settings))


async def _serve(
    name: str, steps_of: Callable[[Pool, AsyncRedis, Settings], Sequence[Step]], settings: Settings
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pool = make_pool(settings.postgres_url, most=4, name=f"livestreamx-{name}")
    redis = redis_engine.connect(settings.redis_url)
    await pool.open()
    try:
        await tick(steps_of(pool, redis, settings), stop, _say_ready)
    finally:
        await pool.close()
        await redis.aclose()


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
