"""Health: what answers, and which engine is named when one does not."""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response

from api.app import create_app
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import free_port
from tests.integration.conftest import served
from tests.integration.people import refusal
from tests.integration.wire import Wire

ENGINES = {"postgres", "redis", "kafka", "clickhouse"}
MUCH_LATER = 60  # seconds; the answer itself gives an engine one, the hanging engine never answers
WIRED = {"postgres": "postgres_url", "redis": "redis_url", "clickhouse": "clickhouse_url"}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def wired(settings: Settings) -> AsyncIterator[tuple[AsyncClient, dict[str, Wire]]]:
    """An application that reaches three of its engines over wires."""
    async with AsyncExitStack() as stack:
        wires, urls = {}, {}
        for engine, field in WIRED.items():
            url = getattr(settings, field)
            parts = urlsplit(url)
            wires[engine] = await stack.enter_async_context(Wire(parts.hostname or "", parts.port or 0))
            urls[field] = url.replace(f":{parts.port}", f":{wires[engine].port}")
        app = create_app(msgspec.structs.replace(settings, **urls))
        await stack.enter_async_context(served(app))
        transport = ASGITransport(app)
        yield await stack.enter_async_context(AsyncClient(transport=transport, base_url="https://testserver")), wires


async def answer_of(client: AsyncClient, status: int) -> Response:
    """What `/readyz` says once it has this status: an engine that took its second is not ready for a moment."""
    return await eventually(lambda: client.get("/readyz"), lambda answer: answer.status_code == status)


async def test_everything_answers(api: AsyncClient) -> None:
    assert (await api.get("/healthz")).json() == {"status": "ok"}
    ready = await answer_of(api, 200)
    body = ready.json()
    assert body["status"] == "ready"
    assert body["engines"].keys() == ENGINES
    for engine in body["engines"].values():
        assert engine["ok"] is True
        assert 0 < engine["latencyMs"] < 1000


@pytest.mark.parametrize("engine", WIRED)
async def test_a_hanging_engine_is_named_within_its_second(
    wired: tuple[AsyncClient, dict[str, Wire]], engine: str
) -> None:
    client, wires = wired
    await answer_of(client, 200)
    wires[engine].hang()
    try:
        async with asyncio.timeout(MUCH_LATER):
            answer = await client.get("/readyz")
        assert refusal(answer) == (503, "not_ready")
        assert engine in answer.json()["failed"]
        answer = await eventually(lambda: client.get("/readyz"), lambda answer: answer.json()["failed"] == [engine])
        assert engine in answer.json()["detail"]
        assert answer.json()["engines"].keys() == ENGINES
        assert (await client.get("/healthz")).status_code == 200
    finally:
        wires[engine].mend()
    await answer_of(client, 200)


async def test_metrics_say_how_far_the_relay_is_behind(wired: tuple[AsyncClient, dict[str, Wire]]) -> None:
    client, wires = wired

    async def lag() -> float:
        found = re.search(r"^outbox_lag_seconds (\S+)$", (await client.get("/metrics")).text, re.MULTILINE)
        assert found is not None
        return float(found[1])

    assert await eventually(lag, lambda seconds: seconds >= 0) >= 0
    wires["postgres"].hang()
    try:
        async with asyncio.timeout(MUCH_LATER):
            assert math.isnan(await lag())
    finally:
        wires["postgres"].mend()
    await eventually(lag, lambda seconds: seconds >= 0)


async def test_a_missing_broker_is_named(settings: Settings) -> None:
    app = create_app(msgspec.structs.replace(settings, kafka_bootstrap=f"127.0.0.1:{free_port()}"))
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        answer = await eventually(lambda: client.get("/readyz"), lambda answer: answer.json()["failed"] == ["kafka"])
        assert refusal(answer) == (503, "not_ready")


async def test_metrics_are_for_prometheus(api: AsyncClient) -> None:
    await api.get("/api/users/nobody_at_all")
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'http_requests_total{method="GET",route="/api/users/{handle}",status="404"}' in answer.text
    for name in ("http_request_seconds_bucket", "ws_connections", "producer_errors_total", "consumer_lag_records"):
        assert name in answer.text, name


async def test_a_request_keeps_its_id(api: AsyncClient) -> None:
    answer = await api.get("/nowhere", headers={"X-Request-Id": "trace-me-0123"})
    assert answer.headers["x-request-id"] == answer.json()["requestId"] == "trace-me-0123"
    odd = await api.get("/nowhere", headers={"X-Request-Id": "<script>alert(1)</script>"})
    assert odd.headers["x-request-id"] == odd.json()["requestId"] != "<script>alert(1)</script>"
