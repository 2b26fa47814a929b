"""How the platform is, for admins: engines, outbox, flows and roles; and the records that no flow could read."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from redis.asyncio import Redis as AsyncRedis

from api.auth.guards import admin_only
from api.health import EngineHealth, Probes
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Mirror, Page, View
from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.operations import service
from domain.operations.letters import Letter, Letters
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.kafka import producer
from livestreamx.engines.outbox import backlog
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings

SHOWN_BYTES = 2000
T = TypeVar("T")


class OutboxView(Mirror, frozen=True, kw_only=True):
    """Recorded acts that the relay has yet to bring to the log, and how old the oldest is."""

    events: int
    seconds: float


class FlowView(View, frozen=True, kw_only=True):
    """How many records of the log a flow has not counted yet."""

    name: str
    lag: int


class RoleView(Mirror, frozen=True, kw_only=True):
    """A process: `ready`, `starting` or `elsewhere`, and how often it was started again of late."""

    name: str
    state: str
    deaths: int


class HealthView(View, frozen=True, kw_only=True):
    """What does not answer is null and named by its engine's error; `roles` are those of this machine."""

    engines: dict[str, EngineHealth]
    outbox: OutboxView | None
    flows: tuple[FlowView, ...] | None
    roles: tuple[RoleView, ...]


class LetterView(View, frozen=True, kw_only=True):
    """A record that was set aside; `record` is its beginning as text, `size` all of it in bytes."""

    name: str
    logged_at: datetime
    reason: str
    request_id: str
    record: str
    size: int
    requeued_at: datetime | None

    @classmethod
    def of(cls, letter: Letter) -> "LetterView":
        return cls(
            name=letter.name,
            logged_at=letter.logged_at,
            reason=letter.reason,
            request_id=letter.request_id,
            record=letter.record[:SHOWN_BYTES].decode("utf-8", "backslashreplace"),
            size=len(letter.record),
            requeued_at=letter.requeued_at,
        )


async def look_at_health(
    probes: Probes, pool: Pool, redis: AsyncRedis, clickhouse: AsyncClient, settings: Settings
) -> HealthView:
    """Everything that can be told; engines that are away leave their part out."""
    engines = await probes.ask_all()
    outbox, flows = None, None
    if engines["postgres"].ok:
        async with connection(pool) as db:
            outbox = OutboxView.of(await backlog(db))
    if all(engines[name].ok for name in ("redis", "kafka", "clickhouse")):
        try:
            behind = await service.lags(redis, clickhouse, settings.kafka_bootstrap)
            flows = tuple(FlowView(name=flow.name, lag=flow.lag) for flow in behind)
        except Unavailable:
            flows = None
    roles = tuple(RoleView.of(role) for role in service.roles(settings.home))
    return HealthView(engines=engines, outbox=outbox, flows=flows, roles=roles)


async def with_letters(settings: Settings, work: Callable[[Letters], T]) -> T:
    """Do something with the dead letters, which takes blocking clients, aside."""

    def run() -> T:
        with connect_plain(settings.clickhouse_url) as clickhouse:
            return work(Letters(clickhouse, producer(settings.kafka_bootstrap)))

    return await asyncio.to_thread(run)


class OperationsController(Controller):
    path = "/api/admin"
    tags = ("Administration",)
    guards = (admin_only,)

    @get("/health")
    async def health(
        self,
        probes: NamedDependency[Probes],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        clickhouse: NamedDependency[AsyncClient],
        settings: NamedDependency[Settings],
    ) -> HealthView:
        """Engines with their latency, the outbox, how far each flow is behind, and the roles. Admins only."""
        return await look_at_health(probes, pool, redis, clickhouse, settings)

    @get("/dead-letters")
    async def letters(
        self,
        settings: NamedDependency[Settings],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[LetterView]:
        """Records that no flow could read, the newest first. Admins only."""
        skip = max(0, decode_cursor(cursor, int) or 0)
        found = await with_letters(settings, lambda letters: letters.find(skip=skip, limit=limit + 1))
        return page_of(found, limit, LetterView.of, lambda _: skip + limit)

    @post("/dead-letters/{name:str}/requeue", status_code=204)
    async def requeue(
        self,
        name: FromPath[str],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> None:
        """Put a letter, such as `interactions:2:1041`, back into the log, once. Admins only; 409 `letter_refused`."""
        async with transaction(pool) as db:
            await note(db, actor_id=user.sub, action="letter.requeued", subject=f"letter:{name}", request_id=request_id)
            await with_letters(settings, lambda letters: letters.requeue(letters.named(name)))
