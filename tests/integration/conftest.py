"""The HTTP API in the test's own process, on the real engines, without limits per address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from api.app import create_app
from api.correlation import Platform
from livestreamx.settings import Settings


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
