"""Whether we run (`/healthz`), whether the engines answer (`/readyz`), and the numbers of this process (`/metrics`)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import structlog
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Request, Response, get
from litestar.di import NamedDependency
from redis.asyncio import Redis as AsyncRedis

from api.problems import problem
from api.schema import View
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import Pool
from livestreamx.observe.metrics import CONTENT_TYPE, Metrics

PROBE_SECONDS = 1.0

log = structlog.get_logger("api.health")


class EngineHealth(View, frozen=True, kw_only=True):
    """One engine: whether it answered within a second, how fast (ms), and what went wrong if not."""

    ok: bool
    latency_ms: float
    error: str | None = None


class Ready(View, frozen=True, kw_only=True):
    status: Literal["ready"]
    engines: dict[str, EngineHealth]


async def probe(ask: Callable[[], Awaitable[object]]) -> EngineHealth:
    """Ask an engine the cheapest question there is, for a second at most."""
    began, error = time.perf_counter(), None
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await ask()
    except TimeoutError:
        error = f"no answer within {PROBE_SECONDS:g} s"
    except Exception as failure:  # whatever a driver raises, it means that its engine is not ready
        error = type(failure).__name__
    return EngineHealth(ok=error is None, latency_ms=round((time.perf_counter() - began) * 1000, 2), error=error)


def questions(
    pool: Pool, redis: AsyncRedis, clickhouse: AsyncClient, emitter: Emitter
) -> dict[str, Callable[[], Awaitable[object]]]:
    """What each engine is asked."""

    async def postgres() -> None:
        async with pool.connection(timeout=PROBE_SECONDS) as db:
            await db.execute("SELECT 1")

    async def ping_redis() -> None:
        await redis.exists("ping")

    async def kafka() -> None:
        await asyncio.to_thread(emitter.probe, PROBE_SECONDS)

    async def ask_clickhouse() -> None:
        await clickhouse.command("SELECT 1")

    return {"postgres": postgres, "redis": ping_redis, "kafka": kafka, "clickhouse": ask_clickhouse}


@get("/healthz", tags=["Operations"], sync_to_thread=False)
def healthz() -> dict[str, str]:
    """This process runs and takes requests."""
    return {"status": "ok"}


@get("/readyz", tags=["Operations"])
async def readyz(
    request: Request[Any, Any, Any],
    pool: NamedDependency[Pool],
    redis: NamedDependency[AsyncRedis],
    clickhouse: NamedDependency[AsyncClient],
    emitter: NamedDependency[Emitter],
) -> Response[Any]:
    """Every engine with its latency; 503 names those that do not answer."""
    asked = questions(pool, redis, clickhouse, emitter)
    engines = dict(zip(asked, await asyncio.gather(*map(probe, asked.values())), strict=True))
    failed = [name for name, health in engines.items() if not health.ok]
    if not failed:
        return Response(Ready(status="ready", engines=engines))
    log.warning("not_ready", failed=failed)
    detail = ", ".join(f"{name}: {engines[name].error}" for name in failed)
    extra = {"engines": engines, "failed": failed}
    return problem(request, 503, code="not_ready", title="An engine does not answer", detail=detail, extra=extra)


@get("/metrics", tags=["Operations"], sync_to_thread=False)
def metrics(metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """The numbers of this process, for Prometheus."""
    return Response(metrics.render(), headers={"Content-Type": CONTENT_TYPE})
