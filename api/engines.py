"""The clients that live as long as the application: opened in order, closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from api.health import Probes, make_outbox_probe, make_probes
from domain.accounts.passwords import Passwords
from domain.chat.service import ChatDesk
from domain.commands.service import GiftDesk
from domain.economy.coalesce import CONNECTIONS, GiftBatches
from domain.fraud.guard import GiftGuard
from domain.interactions.polls import voting
from domain.interactions.polls.voting import BallotBox
from domain.media.ingresses import Ingresses, ingresses
from domain.media.rooms import MediaRooms, media_rooms
from domain.payments.checkout import Checkout
from livestreamx.engines import clickhouse, postgres, redis
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import Pool
from livestreamx.engines.throttle import Throttle
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings

OPEN_SECONDS = 10


class Engines(msgspec.Struct, frozen=True):
    """One of each."""

    pool: Pool
    redis: AsyncRedis
    clickhouse: AsyncClient
    emitter: Emitter
    bus: RoomBus
    throttle: Throttle
    passwords: Passwords
    probes: Probes
    outbox: Probes
    gifts: GiftDesk
    guard: GiftGuard
    chat: ChatDesk
    media: MediaRooms | None
    ingresses: Ingresses | None
    """Both None where no media server is configured."""
    ballots: BallotBox
    checkout: Checkout | None
    """None where payments are off."""


@asynccontextmanager
async def open_engines(settings: Settings, metrics: Metrics) -> AsyncIterator[Engines]:
    """Open the clients; whatever happens in between, those that are open get closed."""
    async with AsyncExitStack() as stack:
        pool = postgres.make_pool(settings.postgres_url, name="livestreamx-api")
        stack.push_async_callback(pool.close)
        await pool.open(wait=True, timeout=OPEN_SECONDS)
        cache = redis.connect(settings.redis_url)
        stack.push_async_callback(cache.aclose)
        history = await clickhouse.connect(settings.clickhouse_url)
        stack.push_async_callback(history.close)
        gift_pool = postgres.make_pool(settings.postgres_url, most=CONNECTIONS, name="livestreamx-gifts")
        stack.push_async_callback(gift_pool.close)
        await gift_pool.open(wait=True, timeout=OPEN_SECONDS)
        batches = GiftBatches(gift_pool, cache)
        stack.push_async_callback(batches.close)
        batches.start()
        vote_pool = postgres.make_pool(settings.postgres_url, most=voting.CONNECTIONS, name="livestreamx-votes")
        stack.push_async_callback(vote_pool.close)
        await vote_pool.open(wait=True, timeout=OPEN_SECONDS)
        ballots = BallotBox(vote_pool)
        stack.push_async_callback(ballots.close)
        ballots.start()
        checkout = None
        if settings.payments_on:
            checkout = Checkout(settings.stripe_key, settings.stripe_webhook_secret, api_base=settings.stripe_api_base)
            stack.push_async_callback(checkout.aclose)
        emitter = Emitter(settings.kafka_bootstrap, lambda topic: metrics.produce_failures.labels(topic).inc())
        stack.callback(emitter.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        probes = make_probes(pool, cache, history, emitter)
        stack.push_async_callback(probes.close)
        outbox = make_outbox_probe(pool, metrics)
        stack.push_async_callback(outbox.close)
        media = media_rooms(settings)
        if media is not None:
            stack.push_async_callback(media.aclose)
        yield Engines(
            pool=pool,
            redis=cache,
            clickhouse=history,
            emitter=emitter,
            bus=RoomBus(cache),
            throttle=Throttle(cache),
            passwords=passwords,
            probes=probes,
            outbox=outbox,
            gifts=GiftDesk(pool, cache, batches),
            guard=GiftGuard(pool, cache, settings),
            chat=ChatDesk(pool, cache, RoomBus(cache), settings),
            media=media,
            ingresses=ingresses(settings),
            ballots=ballots,
            checkout=checkout,
        )
