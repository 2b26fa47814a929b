"""Real engines for every test process: bare ones (`settings`), and a whole running platform (`platform`, `server`).

Nothing is mocked. Tests share the engines and keep apart by making their own users and streams.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import hypothesis
import pytest
import pytest_asyncio
from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx.engines import clickhouse as clickhouse_engine
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.kafka import make_topics
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.engines.postgres import Pool, make_pool
from livestreamx.settings import Settings
from livestreamx.stack import engines_only
from livestreamx.stack.platform import Platform

hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Let what tests start hear Ctrl-C, which a shell's background job would leave them deaf to."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a role that runs on these engines."""
    names = ("home", "postgres_url", "redis_url", "kafka_bootstrap", "clickhouse_url", "signing_key", "port")
    given = {f"LSX_{name.upper()}": str(getattr(settings, name)) for name in names}
    return {**os.environ, "PYTHONUNBUFFERED": "1", "LSX_DEV_TOPUP": "on", "LSX_RATE_LIMITS": "off", **given}


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The four engines, migrated and seeded; none of our roles runs on them."""
    with engines_only(tmp_path_factory.mktemp("engines")) as engines:
        ours = engines.settings
        migrate_postgres(ours.postgres_url)
        migrate_clickhouse(ours.clickhouse_url)
        make_topics(ours.kafka_bootstrap)
        subprocess.run(
            [sys.executable, "-m", "domain.seed"], env=environment(ours), check=True, stdout=subprocess.DEVNULL
        )
        yield ours


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    pool = make_pool(settings.postgres_url)
    await pool.open()
    yield pool
    await pool.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def redis(settings: Settings) -> AsyncIterator[AsyncRedis]:
    client = redis_engine.connect(settings.redis_url)
    yield client
    await client.aclose()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def clickhouse(settings: Settings) -> AsyncIterator[AsyncClient]:
    client = await clickhouse_engine.connect(settings.clickhouse_url)
    yield client
    await client.close()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A whole platform of its own: `livestreamx up --no-demo`, top-ups on, limits per address off."""
    env = {"LSX_DEV_TOPUP": "on", "LSX_RATE_LIMITS": "off"}
    with Platform(tmp_path_factory.mktemp("platform"), free_port(), env=env) as running:
        yield running


@pytest.fixture(scope="session")
def server(platform: Platform) -> str:
    """The base URL of the running platform."""
    return platform.url


@pytest_asyncio.fixture(loop_scope="session")
async def http(server: str) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client of the running platform."""
    async with httpx.AsyncClient(base_url=server, timeout=60) as client:
        yield client
