"""Recommendations from outside, without a trained model: trending, the rules of who sees what, and dead engines."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from confluent_kafka import Consumer, TopicPartition
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis as AsyncRedis

from api.app import create_app
from api.recommender import Recommender, Suggestions
from domain.accounts.tokens import AccessTokens
from livestreamx import events, keys, topics
from livestreamx.clock import now_ms
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.postgres import Pool, connection, make_pool
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import free_port
from tests.integration.conftest import served
from tests.integration.people import Person, refusal

PATH = "/api/recommendations/streams"


@pytest_asyncio.fixture(loop_scope="session", name="untrained")
async def api_without_a_model(settings: Settings, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """The API with a folder of models that is empty, whatever other tests have promoted."""
    app = create_app(msgspec.structs.replace(settings, home=tmp_path, rate_limits=False))
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client


async def listed(api: AsyncClient | Person, limit: int = 100) -> dict[str, Any]:
    """stream id -> item, once the model version has been seen to be `trending`."""
    ask = api.ask if isinstance(api, Person) else api.request
    answer = await ask("GET", PATH, params={"limit": limit})
    assert answer.status_code == 200, answer.text
    assert answer.json()["modelVersion"] == "trending"
    return {item["stream"]["id"]: item for item in answer.json()["items"]}


async def test_what_is_live_is_recommended_until_it_ends(untrained: AsyncClient) -> None:
    creator = await Person.creator(untrained)
    stream = await creator.go_live(title="Blitz to 2200", category="Chess", tags=["blitz"])

    async def items() -> dict[str, Any]:
        return await listed(untrained)

    item = (await eventually(items, lambda found: stream in found))[stream]
    assert (item["stream"]["creator"], item["stream"]["category"]) == (creator.handle, "Chess")
    assert item["stream"]["viewers"] == {"count": 0, "handles": []}
    assert item["source"] == "trending"
    assert item["reasons"]
    assert 0 <= item["score"] <= 1
    assert (await creator.ask("POST", f"/api/streams/{stream}/end")).status_code == 200
    assert stream not in await listed(untrained)


async def test_the_busiest_stream_comes_first(untrained: AsyncClient, redis: AsyncRedis) -> None:
    quiet, busy = [await (await Person.creator(untrained)).go_live() for _ in range(2)]
    await redis.zadd(keys.room_viewers(busy), {f"viewer-{number}": now_ms() for number in range(400)})
    await redis.zadd(keys.room_viewers(quiet), {f"viewer-{number}": now_ms() - 3_600_000 for number in range(90)})

    async def items() -> dict[str, Any]:
        return await listed(untrained)

    found = await eventually(items, lambda found: {quiet, busy} <= found.keys())
    assert next(iter(found)) == busy
    assert found[busy]["stream"]["viewers"]["count"] == 400
    assert found[quiet]["stream"]["viewers"]["count"] == 0
    assert len(await listed(untrained, 1)) == 1


async def test_who_sees_what(untrained: AsyncClient) -> None:
    owner, viewer = await Person.creator(untrained), await Person.register(untrained)
    mature = await owner.go_live(mature=True)
    hidden = await (await Person.creator(untrained)).go_live(visibility="unlisted")
    private = await (await Person.creator(untrained)).go_live(visibility="private")
    plain = await (await Person.creator(untrained)).go_live()

    async def seen() -> dict[str, Any]:
        return await listed(viewer)

    assert not {hidden, private} & (await eventually(seen, lambda found: {mature, plain} <= found.keys())).keys()
    anonymous = await listed(untrained)
    assert plain in anonymous
    assert not {mature, hidden, private} & anonymous.keys()
    own = await listed(owner)
    assert plain in own
    assert mature not in own


async def test_what_a_stream_says_of_itself_changes_while_it_is_live(untrained: AsyncClient, pool: Pool) -> None:
    viewer = await Person.register(untrained)
    stream = await (await Person.creator(untrained)).go_live(title="Blitz")

    async def seen() -> dict[str, Any]:
        return await listed(viewer)

    async def anonymous() -> dict[str, Any]:
        return await listed(untrained)

    await eventually(anonymous, lambda found: stream in found)
    async with connection(pool) as db:
        await db.execute("UPDATE streams SET title = 'Bullet', mature = true WHERE id = %s", (stream,))
    assert stream not in await anonymous()
    told = await eventually(seen, lambda found: stream in found and found[stream]["stream"]["mature"])
    shown = (await viewer.ask("GET", f"/api/streams/{stream}")).json()
    assert told[stream]["stream"] == {name: shown[name] for name in told[stream]["stream"]}
    assert shown["title"] == "Bullet"
    async with connection(pool) as db:
        await db.execute("UPDATE streams SET visibility = 'unlisted' WHERE id = %s", (stream,))
    assert stream not in await seen()


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=-1", "limit=many"])
async def test_a_limit_that_cannot_be(untrained: AsyncClient, query: str) -> None:
    answer = await untrained.get(f"{PATH}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_alias_answers_the_same(untrained: AsyncClient) -> None:
    answer = await untrained.get("/recommend?limit=1")
    assert answer.status_code == 200
    assert answer.json().keys() == {"items", "modelVersion", "rung"}


def read_discovery(settings: Settings, stream: str) -> list[events.AnyEvent]:
    """Every event about this stream on the topic of discovery."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "group.id": f"test-{uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topics.DISCOVERY.name, number, 0) for number in range(topics.DISCOVERY.partitions)])
    found: list[events.AnyEvent] = []
    ended: set[int] = set()
    while len(ended) < topics.DISCOVERY.partitions:
        record = consumer.poll(1.0)
        if record is None:
            continue
        if record.error():
            ended.add(record.partition())
        elif (event := events.decode(record.value())).stream_id == UUID(stream):
            found.append(event)
    consumer.close()
    return found


async def test_what_was_shown_and_chosen_is_told(untrained: AsyncClient, settings: Settings) -> None:
    creator, viewer = await Person.creator(untrained), await Person.register(untrained)
    stream = await creator.go_live()

    async def seen() -> dict[str, Any]:
        return await listed(viewer)

    items = await eventually(seen, lambda found: stream in found)
    click = {"streamId": stream, "position": 3, "source": items[stream]["source"], "modelVersion": "trending"}
    assert (await viewer.ask("POST", "/api/recommendations/clicks", json=click)).status_code == 204

    async def told_of() -> list[events.AnyEvent]:
        return await asyncio.to_thread(read_discovery, settings, stream)

    told = await eventually(told_of, lambda found: len(found) >= 2)
    shown = [event for event in told if isinstance(event, events.RecommendationShown)]
    clicked = [event for event in told if isinstance(event, events.RecommendationClicked)]
    assert len(shown) == 1
    assert (shown[0].user_id, shown[0].position) == (viewer.id, list(items).index(stream))
    assert shown[0].model_version == "trending"
    assert [(event.user_id, event.position, event.creator_id) for event in clicked] == [(viewer.id, 3, creator.id)]


@pytest.mark.parametrize(
    "change",
    [
        {"position": -1},
        {"position": 100},
        {"source": "<b>"},
        {"modelVersion": "x" * 65},
        {"streamId": "7"},
        {"more": 1},
    ],
)
async def test_a_click_that_cannot_be(untrained: AsyncClient, change: dict[str, Any]) -> None:
    click = {"streamId": str(uuid4()), "position": 0, "source": "trending", "modelVersion": "trending"} | change
    assert (await untrained.post("/api/recommendations/clicks", json=click)).status_code == 422


async def test_a_click_on_no_stream(untrained: AsyncClient) -> None:
    click = {"streamId": str(uuid4()), "position": 0, "source": "trending", "modelVersion": "trending"}
    answer = await untrained.post("/api/recommendations/clicks", json=click)
    assert refusal(answer) == (404, "stream_not_found")


async def test_a_dead_event_log_does_not_hold_up_the_list(
    settings: Settings, untrained: AsyncClient, tmp_path: Path
) -> None:
    stream = await (await Person.creator(untrained)).go_live()
    dead = f"127.0.0.1:{free_port()}"
    app = create_app(msgspec.structs.replace(settings, home=tmp_path, rate_limits=False, kafka_bootstrap=dead))
    async with served(app):
        status, body, seconds = await first_answer(app)
    assert status == 200
    assert seconds < 8, "it waited for the event's delivery"
    assert stream in {item["stream"]["id"] for item in msgspec.json.decode(body)["items"]}


async def test_without_redis_the_list_has_no_numbers(
    settings: Settings, untrained: AsyncClient, pool: Pool, tmp_path: Path
) -> None:
    viewer = await Person.register(untrained)
    stream = await (await Person.creator(untrained)).go_live()
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    dead = redis_engine.connect(nowhere)
    recommender = Recommender(pool, dead, msgspec.structs.replace(settings, home=tmp_path, redis_url=nowhere))
    claims = AccessTokens(settings.signing_key, 15).verify(viewer.tokens["access"])
    found = await recommender.suggest(claims, 100)
    assert found.model_version == "trending"
    assert {item.viewers for item in found.items} == {0}
    assert stream in {str(item.stream.id) for item in found.items}
    await recommender.aclose()
    await dead.aclose()


async def test_without_the_database_the_list_is_empty(settings: Settings, redis: AsyncRedis, tmp_path: Path) -> None:
    nowhere = make_pool(f"postgresql://postgres@127.0.0.1:{free_port()}/livestreamx")
    await nowhere.open()
    recommender = Recommender(nowhere, redis, msgspec.structs.replace(settings, home=tmp_path))
    assert await recommender.suggest(None, 10) == Suggestions("trending", "trending", ())
    await recommender.aclose()
    await nowhere.close()


async def first_answer(app: Any) -> tuple[int, bytes, float]:
    """The status and body as a server would have sent them, and after how long; what follows is waited for."""
    answer: list[tuple[int, bytes, float]] = []
    began, status = time.monotonic(), 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["body"]:
            answer.append((status, message["body"], time.monotonic() - began))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"limit=100",
        "root_path": "",
        "headers": [(b"host", b"testserver")],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 443),
        "state": {},
    }
    await app(scope, receive, send)
    return answer[0]
