"""Gifts while Redis is away: none is refused for that, the limits of speed hold, and a retry is the same gift."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response

from api.app import create_app
from domain.economy import service as economy
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.settings import Settings
from livestreamx.stack import EmbeddedEngines
from tests.integration.conftest import served
from tests.integration.people import Person, refusal

WINDOW_SECONDS = 300
"""Long enough for the gifts of the test, however slow the machine is."""


@pytest.fixture(scope="module")
def engines(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngines]:
    """A Redis that may be killed, beside the shared others."""
    given = msgspec.structs.replace(settings, redis_url="")
    own = EmbeddedEngines(tmp_path_factory.mktemp("without"), given).start()
    try:
        yield own
    finally:
        own.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def web(engines: EmbeddedEngines) -> AsyncIterator[AsyncClient]:
    """The API with all its limits on, over that Redis."""
    app = create_app(msgspec.structs.replace(engines.settings, rate_limits=True, gift_window_seconds=WINDOW_SECONDS))
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client


async def send(viewer: Person, stream: str, qty: int = 1, key: str = "", code: str = "HEART") -> Response:
    return await viewer.ask(
        "POST",
        f"/api/streams/{stream}/gifts",
        json={"code": code, "qty": qty},
        headers={"Idempotency-Key": key or secrets.token_hex(8)},
    )


async def test_gifts_go_through_and_limits_hold(engines: EmbeddedEngines, web: AsyncClient, pool: Pool) -> None:
    viewer, rich, creator = await Person.register(web), await Person.register(web), await Person.creator(web)
    stream = await creator.go_live()
    async with transaction(pool) as db:
        await economy.grant(db, rich.id, 6000, "purchase")
    assert (await send(viewer, stream, key="0")).status_code == 201
    await asyncio.to_thread(engines.kill, "redis")
    try:
        answers = await asyncio.gather(*(send(viewer, stream, key=str(number)) for number in range(12)))
        assert Counter(answer.status_code for answer in answers) == {201: 10, 429: 2}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refusal(refused) == (429, "rate_limited")
        assert 0 < refused.json()["retryAfterMs"] <= 1000 * WINDOW_SECONDS
        assert (await send(viewer, stream, key="0")).status_code == 201
        assert (await viewer.ask("GET", "/api/gifts")).status_code == 503  # others wait for their limits
        async with transaction(pool) as db:
            assert (await economy.wallet(db, viewer.id)).tokens == 50
        given = await asyncio.gather(*(send(rich, stream, 99, code="ROSE") for _ in range(7)))
        assert Counter(answer.status_code for answer in given) == {201: 5, 429: 2}
        assert {refusal(answer)[1] for answer in given if answer.status_code == 429} == {"velocity_limit"}
    finally:
        await asyncio.to_thread(engines.restart, "redis")
