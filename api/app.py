"""The composition root: `create_app(settings)` opens the engines in one lifespan and gives them to handlers by name."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin
from litestar.types import ControllerRouterHandler
from redis.asyncio import Redis as AsyncRedis

from api import problems
from api.admin import AdminController
from api.auth.controller import AuthController, jwks
from api.auth.csrf import require_same_site
from api.auth.identity import provide_user, provide_visitor
from api.correlation import Platform
from api.gifts import GiftController
from api.health import healthz, metrics, readyz
from api.limits import limit_address
from api.me import MeController
from api.openapi import ProblemResponses, describe
from api.pages.rendering import static_files, template_config
from api.pages.routes import pages
from api.recommendations import RecommendationsController
from api.recommender import Recommender
from api.streams import StreamsController
from api.users import CreatorsController, UsersController
from api.wallet import WalletController
from domain.accounts.passwords import Passwords
from domain.accounts.tokens import AccessTokens
from livestreamx.engines import clickhouse, postgres, redis
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import Pool
from livestreamx.engines.throttle import Throttle
from livestreamx.observe.metrics import Metrics
from livestreamx.observe.request import request_id
from livestreamx.observe.tracing import make_tracer_provider
from livestreamx.settings import Settings
from realtime.context import Context
from realtime.gateway import Gateway
from realtime.routes import enter_room

BODY_BYTES = 256 * 1024

CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    AdminController,
    AuthController,
    CreatorsController,
    GiftController,
    MeController,
    RecommendationsController,
    StreamsController,
    UsersController,
    WalletController,
    enter_room,
    healthz,
    jwks,
    metrics,
    readyz,
)


class Engines(msgspec.Struct, frozen=True):
    """The clients that live as long as the application."""

    pool: Pool
    redis: AsyncRedis
    clickhouse: AsyncClient
    emitter: Emitter
    bus: RoomBus
    passwords: Passwords


@asynccontextmanager
async def open_engines(settings: Settings, counted: Metrics) -> AsyncIterator[Engines]:
    """Open the clients in order; close them in reverse, whatever happens in between."""
    async with AsyncExitStack() as stack:
        pool = postgres.make_pool(settings.postgres_url, name="livestreamx-api")
        stack.push_async_callback(pool.close)
        await pool.open(wait=True, timeout=10)
        cache = redis.connect(settings.redis_url)
        stack.push_async_callback(cache.aclose)
        history = await clickhouse.connect(settings.clickhouse_url)
        stack.push_async_callback(history.close)
        emitter = Emitter(settings.kafka_bootstrap, lambda topic: counted.produce_failures.labels(topic).inc())
        stack.callback(emitter.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        yield Engines(pool, cache, history, emitter, RoomBus(cache), passwords)


def make_gateway(state: State, engines: Engines) -> Gateway:
    """The gateway of this process, over the same clients as the API."""
    return Gateway(
        Context(
            settings=state.settings,
            pool=engines.pool,
            redis=engines.redis,
            emitter=engines.emitter,
            bus=engines.bus,
            tokens=state.tokens,
            metrics=state.metrics,
        )
    )


def provide_settings(state: State) -> Settings:
    return state.settings  # type: ignore[no-any-return]


def provide_tokens(state: State) -> AccessTokens:
    return state.tokens  # type: ignore[no-any-return]


def provide_pool(state: State) -> Pool:
    return state.engines.pool  # type: ignore[no-any-return]


def provide_redis(state: State) -> AsyncRedis:
    return state.engines.redis  # type: ignore[no-any-return]


def provide_clickhouse(state: State) -> AsyncClient:
    return state.engines.clickhouse  # type: ignore[no-any-return]


def provide_emitter(state: State) -> Emitter:
    return state.engines.emitter  # type: ignore[no-any-return]


def provide_bus(state: State) -> RoomBus:
    return state.engines.bus  # type: ignore[no-any-return]


def provide_passwords(state: State) -> Passwords:
    return state.engines.passwords  # type: ignore[no-any-return]


def provide_recommender(state: State) -> Recommender:
    return state.recommender  # type: ignore[no-any-return]


def provide_gateway(state: State) -> Gateway:
    return state.gateway  # type: ignore[no-any-return]


def provide_metrics(state: State) -> Metrics:
    return state.metrics  # type: ignore[no-any-return]


DEPENDENCIES: dict[str, Callable[..., Any]] = {
    "settings": provide_settings,
    "tokens": provide_tokens,
    "pool": provide_pool,
    "redis": provide_redis,
    "clickhouse": provide_clickhouse,
    "emitter": provide_emitter,
    "bus": provide_bus,
    "passwords": provide_passwords,
    "metrics": provide_metrics,
    "gateway": provide_gateway,
    "recommender": provide_recommender,
    "request_id": request_id,
    "visitor": provide_visitor,
    "user": provide_user,
}


def create_app(settings: Settings) -> Platform:
    """The application over the engines that the settings name; `SettingsError` when one is missing."""
    settings.require("postgres_url", "redis_url", "kafka_bootstrap", "clickhouse_url", "signing_key")

    counted = Metrics()
    tracer = make_tracer_provider("api", settings.otlp_endpoint)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        try:
            async with (
                open_engines(settings, counted) as engines,
                aclosing(Recommender(engines.pool, engines.redis, settings)) as recommender,
            ):
                app.state.engines = engines
                app.state.recommender = recommender
                app.state.throttle = Throttle(engines.redis)
                app.state.gateway = make_gateway(app.state, engines)
                async with app.state.gateway.running():
                    yield
        finally:
            tracer.shutdown()

    state = {
        "settings": settings,
        "tokens": AccessTokens(settings.signing_key, settings.access_minutes),
        "metrics": counted,
    }
    return Platform(
        [*CONTROLLERS, pages(), static_files()],
        state=State(state),
        lifespan=[lifespan],
        dependencies={name: Provide(provider, sync_to_thread=False) for name, provider in DEPENDENCIES.items()},
        template_config=template_config(),
        guards=[limit_address, require_same_site],
        exception_handlers=problems.HANDLERS,
        request_max_body_size=BODY_BYTES,
        plugins=[
            ProblemResponses(),
            OpenTelemetryPlugin(
                OpenTelemetryConfig(tracer_provider=tracer, scopes={ScopeType.HTTP}, exclude_spans=["receive", "send"])
            ),
        ],
        logging_config=None,
        openapi_config=describe(),
    )
