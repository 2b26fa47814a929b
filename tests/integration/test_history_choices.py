"""What one watched can be seen and deleted, and who opts out is recommended what is trending, at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient as ClickHouse
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.postgres import Pool
from tests.builders import eventually
from tests.integration.people import Person

HISTORY, CHOICE = "/api/me/history", "/api/me/recommendations"


async def watch(clickhouse: ClickHouse, viewer: Person, creator: Person, stream: str) -> None:
    """Half a minute of signs, as the archive writes them."""
    names = ["stream_id", "occurred_at", "event_id", "kind", "creator_id", "user_id", "session_id"]
    rows = [
        [UUID(stream), now() - timedelta(seconds=back), uuid7(), "heartbeat", creator.id, viewer.id, "one"]
        for back in (60, 45, 30)
    ]
    await clickhouse.insert("presence", rows, column_names=names)


async def listed(viewer: Person) -> list[dict[str, Any]]:
    answer = await viewer.ask("GET", HISTORY)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_history_is_shown_and_deleted(
    api: AsyncClient, clickhouse: ClickHouse, pool: Pool, redis: AsyncRedis
) -> None:
    viewer, creator = await Person.register(api), await Person.creator(api)
    stream = await creator.go_live(title="Blitz to 2200")
    assert await listed(viewer) == []
    await watch(clickhouse, viewer, creator, stream)
    (item,) = await listed(viewer)
    assert (item["streamId"], item["creator"], item["title"]) == (stream, creator.handle, "Blitz to 2200")
    assert item["minutes"] == 0.5
    await redis.hset(keys.habits(viewer.id), str(creator.id), b"bond")
    assert (await viewer.ask("DELETE", HISTORY)).status_code == 204
    assert await listed(viewer) == []
    assert not await redis.exists(keys.habits(viewer.id))
    assert float(await redis.hget(keys.forgotten(), str(viewer.id))) <= now().timestamp()
    async with pool.connection() as db:
        found = await db.execute("SELECT payload FROM outbox WHERE key = %s", (str(viewer.id),))
        told = b"".join(row[0] for row in await found.fetchall())
    assert b"history.deleted" in told


async def test_pages_of_a_history(api: AsyncClient, clickhouse: ClickHouse) -> None:
    viewer, creators = await Person.register(api), [await Person.creator(api) for _ in range(3)]
    for creator in creators:
        await watch(clickhouse, viewer, creator, await creator.go_live())
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = (await viewer.ask("GET", HISTORY, params={"limit": 1, **cursor})).json()
        seen += [item["streamId"] for item in page["items"]]
        if not page["nextCursor"]:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert len(seen) == len(set(seen)) == 3


async def test_opting_out_and_in(api: AsyncClient, redis: AsyncRedis) -> None:
    viewer = await Person.register(api)
    assert (await viewer.ask("GET", CHOICE)).json() == {"optOut": False, "historySince": None}
    for _ in range(2):
        chosen = await viewer.ask("PUT", CHOICE, json={"optOut": True})
        assert (chosen.status_code, chosen.json()["optOut"]) == (200, True)
    assert await redis.hget(keys.forgotten(), str(viewer.id)) == b"inf"
    assert (await viewer.ask("DELETE", HISTORY)).status_code == 204
    assert await redis.hget(keys.forgotten(), str(viewer.id)) == b"inf"
    assert (await viewer.ask("GET", CHOICE)).json()["optOut"] is True
    answer = await viewer.ask("GET", "/api/recommendations/streams")
    assert answer.json()["rung"] == "trending"
    await viewer.ask("PUT", CHOICE, json={"optOut": False})
    assert float(await redis.hget(keys.forgotten(), str(viewer.id))) <= now().timestamp()
    assert (await viewer.ask("PUT", CHOICE, json={"optOut": "yes"})).status_code == 422


async def test_a_banned_viewer_is_not_sent_to_the_channel(api: AsyncClient, pool: Pool) -> None:
    viewer, creator = await Person.register(api), await Person.creator(api)
    stream = await creator.go_live()
    await viewer.ask("PUT", f"/api/creators/{creator.id}/follow")  # whatever else is live and recommended

    async def ids() -> set[str]:
        answer = await viewer.ask("GET", "/api/recommendations/streams", params={"limit": 100})
        return {item["stream"]["id"] for item in answer.json()["items"]}

    await eventually(ids, lambda found: stream in found)
    async with pool.connection() as db:
        await db.execute(
            "INSERT INTO channel_bans (creator_id, user_id, reason) VALUES (%s, %s, 'test')", (creator.id, viewer.id)
        )
    assert stream not in await ids()
