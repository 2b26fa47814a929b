"""Whether we run (`/healthz`), whether the engines answer (`/readyz`), and the numbers of this process (`/metrics`)."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import structlog
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Request, Response, get
from litestar.di import NamedDependency
from redis.asyncio import Redis as AsyncRedis

from api.openapi import answering
from api.problems import problem
from api.schema import View
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.outbox import backlog
from livestreamx.engines.postgres import Pool
from livestreamx.observe.metrics import CONTENT_TYPE, Metrics
from realtime.gateway import Gateway

PROBE_SECONDS = 1.0
Question = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger("api.health")


class EngineHealth(View, frozen=True, kw_only=True):
    """One engine: whether it answered within a second, how fast (ms), and what went wrong if not."""

    ok: bool
    latency_ms: float
    error: str | None = None


class Ready(View, frozen=True, kw_only=True):
    status: Literal["ready"]
    engines: dict[str, EngineHealth]


class Probes:
    """Asks each engine the cheapest question there is, one at a time; one a process.

    A question that is not answered in a second stays asked: drivers may take long to give up on a dead connection,
    and asking again would take another one from the pool.
    """

    def __init__(self, questions: dict[str, Question]) -> None:
        self._questions = questions
        self._asked: dict[str, asyncio.Task[None]] = {}

    async def ask_all(self) -> dict[str, EngineHealth]:
        """How each engine is, within a second."""
        answers = await asyncio.gather(*map(self._ask, self._questions))
        return dict(zip(self._questions, answers, strict=True))

    async def close(self) -> None:
        """Give up on what is still asked."""
        for task in self._asked.values():
            task.cancel()
        if self._asked:
            await asyncio.wait(self._asked.values(), timeout=PROBE_SECONDS)

    async def _ask(self, engine: str) -> EngineHealth:
        began, task = time.perf_counter(), self._asked.get(engine)
        if task is None:
            task = self._asked[engine] = asyncio.create_task(self._questions[engine]())
            task.add_done_callback(lambda _: self._asked.pop(engine))
        done, _ = await asyncio.wait({task}, timeout=PROBE_SECONDS)
        error = describe_failure(task) if done else f"no answer within {PROBE_SECONDS:g} s"
        return EngineHealth(ok=error is None, latency_ms=round((time.perf_counter() - began) * 1000, 2), error=error)


def describe_failure(task: asyncio.Task[None]) -> str | None:
    """What went wrong, by the name of its kind: messages may hold addresses and credentials."""
    if task.cancelled():
        return "Cancelled"
    failure = task.exception()
    return type(failure).__name__ if failure else None


def make_probes(pool: Pool, redis: AsyncRedis, clickhouse: AsyncClient, emitter: Emitter) -> Probes:
    """Probes of the four engines."""

    async def postgres() -> None:
        async with pool.connection(timeout=PROBE_SECONDS) as db:
            await db.execute("SELECT 1")

    async def ping_redis() -> None:
        await redis.exists("ping")

    async def kafka() -> None:
        await asyncio.to_thread(emitter.probe, PROBE_SECONDS)

    async def ask_clickhouse() -> None:
        await clickhouse.command("SELECT 1")

    return Probes({"postgres": postgres, "redis": ping_redis, "kafka": kafka, "clickhouse": ask_clickhouse})


def make_outbox_probe(pool: Pool, metrics: Metrics) -> Probes:
    """Asks how far the relay is behind, and notes it."""

    async def outbox() -> None:
        async with pool.connection(timeout=PROBE_SECONDS) as db:
            behind = await backlog(db)
        metrics.outbox_events.set(behind.events)
        metrics.outbox_seconds.set(behind.seconds)

    return Probes({"outbox": outbox})


@get("/healthz", tags=["Operations"], sync_to_thread=False)
def healthz() -> dict[str, str]:
    """This process runs and takes requests."""
    return {"status": "ok"}


@get("/readyz", tags=["Operations"])
async def readyz(
    request: Request[Any, Any, Any], probes: NamedDependency[Probes], gateway: NamedDependency[Gateway]
) -> Response[Any]:
    """Every engine with its latency; 503 names those that do not answer, or says that this process stops."""
    if gateway.stopping:
        return problem(request, 503, code="draining", title="This process stops", detail="Its clients are moved away")
    engines = await probes.ask_all()
    failed = [name for name, health in engines.items() if not health.ok]
    if not failed:
        return Response(Ready(status="ready", engines=engines))
    log.warning("not_ready", failed=failed)
    detail = ", ".join(f"{name}: {engines[name].error}" for name in failed)
    extra = {"engines": engines, "failed": failed}
    return problem(request, 503, code="not_ready", title="An engine does not answer", detail=detail, extra=extra)


@get("/metrics", tags=["Operations"], operation_class=answering("text/plain"))
async def metrics(metrics: NamedDependency[Metrics], outbox: NamedDependency[Probes]) -> Response[bytes]:
    """The numbers of this process and of the outbox, for Prometheus."""
    if not all(health.ok for health in (await outbox.ask_all()).values()):
        metrics.outbox_seconds.set(math.nan)
    return Response(metrics.render(), headers={"Content-Type": CONTENT_TYPE})
