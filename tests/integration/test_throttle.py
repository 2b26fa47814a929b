"""Limits count exactly, together, and against nobody when they refuse."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ConnectionError as ConnectionLostError

from api.app import create_app
from livestreamx.engines.redis import connect_once
from livestreamx.engines.throttle import Limit, Throttle
from livestreamx.errors import TooMany
from livestreamx.settings import Settings
from tests.integration.conftest import served
from tests.integration.people import refusal


@pytest.fixture
def who() -> str:
    return secrets.token_hex(8)


async def test_a_burst_is_allowed_once(redis: AsyncRedis, who: str) -> None:
    throttle, limit = Throttle(redis), Limit("t", 5, 3600)
    refusals = await asyncio.gather(*(throttle.check((limit, who)) for _ in range(50)))
    assert sum(refusal is None for refusal in refusals) == 5
    waits = [refusal.retry_after_ms for refusal in refusals if refusal]
    assert all(700_000 < wait <= 720_000 for wait in waits)


async def test_it_refills(redis: AsyncRedis, who: str) -> None:
    throttle, limit = Throttle(redis), Limit("t", 2, 6)
    assert [await throttle.check((limit, who)) is None for _ in range(3)] == [True, True, False]
    refused = await throttle.check((limit, who))
    assert refused is not None
    await asyncio.sleep(refused.retry_after_ms / 1000)
    assert await throttle.check((limit, who)) is None


async def test_a_refusal_counts_against_no_limit(redis: AsyncRedis, who: str) -> None:
    throttle, wide, narrow = Throttle(redis), Limit("wide", 3, 3600), Limit("narrow", 1, 3600)
    assert await throttle.check((wide, who), (narrow, who)) is None
    for _ in range(10):
        refused = await throttle.check((wide, who), (narrow, who))
        assert refused is not None
        assert refused.limit == narrow
    assert [await throttle.check((wide, who)) is None for _ in range(3)] == [True, True, False]


async def test_others_are_not_concerned(redis: AsyncRedis, who: str) -> None:
    throttle, limit = Throttle(redis), Limit("t", 1, 3600)
    await throttle.require((limit, who))
    await throttle.require((limit, who + "x"))
    with pytest.raises(TooMany) as refused:
        await throttle.require((limit, who))
    assert refused.value.extra["retryAfterMs"] == refused.value.retry_after_ms > 0


async def test_acts_at_once_are_each_counted_against_their_own_limits(redis: AsyncRedis, who: str) -> None:
    throttle, narrow, wide = Throttle(redis), Limit("narrow", 2, 3600), Limit("wide", 250, 3600)
    people = [f"{who}-{number}" for number in range(100)]
    acts = [((narrow, one), (wide, who)) if turn else ((narrow, one),) for turn in range(3) for one in people]
    refusals = await asyncio.gather(*(throttle.check(*act) for act in acts))
    assert [refusal is None for refusal in refusals] == [True] * 200 + [False] * 100
    assert {refusal.limit for refusal in refusals if refusal} == {narrow}
    left = [await throttle.check((wide, who)) is None for _ in range(151)]
    assert left == [True] * 150 + [False]


async def test_everybody_who_waits_hears_that_redis_is_away(who: str) -> None:
    throttle, limit = Throttle(connect_once("redis://127.0.0.1:9")), Limit("t", 1, 3600)
    for _ in range(2):
        told = await asyncio.gather(*(throttle.check((limit, who)) for _ in range(150)), return_exceptions=True)
        assert {type(one) for one in told} == {ConnectionLostError}


@pytest_asyncio.fixture(loop_scope="session")
async def limited(settings: Settings, who: str) -> AsyncIterator[AsyncClient]:
    """A client whose requests count, from an address of its own."""
    app = create_app(msgspec.structs.replace(settings, rate_limits=True))
    transport = ASGITransport(app, client=(who, 1))
    async with served(app), AsyncClient(transport=transport, base_url="https://testserver") as client:
        yield client


async def test_registrations_of_one_address(limited: AsyncClient) -> None:
    answers = [
        await limited.post(
            "/api/auth/register",
            json={"handle": f"t{secrets.token_hex(8)}", "password": "secret123"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
        for number in range(6)
    ]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert refusal(answers[-1]) == (429, "rate_limited")
    wait = int(answers[-1].headers["retry-after"])
    assert 600 < wait <= 720
    assert answers[-1].json()["retryAfterMs"] <= wait * 1000
    assert (await limited.get("/api/streams")).status_code == 200


async def test_sign_ins_of_one_address(limited: AsyncClient) -> None:
    body = {"handle": "nobody_at_all", "password": "not it"}
    statuses = [(await limited.post("/api/auth/login", json=body)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_requests_of_one_address(limited: AsyncClient) -> None:
    began = time.monotonic()
    answers = await asyncio.gather(*(limited.get("/api/streams?limit=0") for _ in range(200)))
    refilled = 2 * (time.monotonic() - began) + 1
    taken = sum(answer.status_code == 422 for answer in answers)
    assert 120 <= taken <= 120 + refilled
    assert {answer.status_code for answer in answers} == {422, 429}
    assert (await limited.get("/healthz")).status_code == 200
    assert b'throttled_total{scope="api"}' in (await limited.get("/metrics")).content
