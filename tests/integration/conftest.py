"""The HTTP API in the test's own process, on the real engines, without limits per address."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from api.app import create_app
from api.correlation import Platform
from livestreamx.settings import Settings
from tests.builders import go_live, make_user
from tests.integration.gateways import GatewayProcess, Viewer, gateways
from tests.integration.shows import Show


@asynccontextmanager
async def served(app: Platform) -> AsyncIterator[None]:
    """Keep the lifespan open, in one task of its own from beginning to end as the framework wants it."""
    opened, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            opened.set()
            await over.wait()

    living = asyncio.create_task(live())
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if opened.is_set():
            yield
    finally:
        waiting.cancel()
        over.set()
        await living


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def app(settings: Settings) -> AsyncIterator[Platform]:
    """The application, its engines open; nothing else of the platform runs."""
    app = create_app(msgspec.structs.replace(settings, rate_limits=False, dev_topup=True))
    async with served(app):
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def api(app: Platform) -> AsyncIterator[AsyncClient]:
    """A client of that application, with cookies of its own; over https, as browsers want it for them."""
    async with AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client


@pytest.fixture(scope="session")
def pair(settings: Settings) -> Iterator[list[GatewayProcess]]:
    """Two gateways over the same engines; none of their own frames ended in a traceback."""
    with gateways(settings, 2) as running:
        yield running
        assert [gateway.tracebacks for gateway in running] == [0, 0], [g.log.read_text() for g in running]


@pytest_asyncio.fixture(loop_scope="session")
async def farewell() -> AsyncIterator[None]:
    """Close the sockets that the test left open."""
    yield
    await asyncio.gather(*(viewer.close() for viewer in list(Viewer.opened)))


@pytest_asyncio.fixture(loop_scope="session")
async def web(pair: list[GatewayProcess]) -> AsyncIterator[AsyncClient]:
    """A client of the first of the two."""
    async with AsyncClient(base_url=pair[0].url, timeout=60) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def show(pair: list[GatewayProcess], web: AsyncClient) -> Show:
    """A live stream, its room on the first of the two gateways."""
    creator, stream = await go_live(web)
    return Show(pair[0].url, stream, creator, await make_user(web))
