"""Raids over REST: ten seconds to call them off, targets that do not want them, streams that end meanwhile."""

import asyncio

from httpx import AsyncClient, Response
from redis.asyncio import Redis as AsyncRedis

from domain.interactions.raids.service import launch_due
from livestreamx.engines.postgres import Pool
from tests.integration.interacting import Scene, pass_time, scene, told
from tests.integration.people import refusal

PRESENT_SECONDS = 45


async def raid(on: Scene, target: Scene) -> Response:
    return await on.creator.ask("POST", f"{on.path}/raid", json={"targetId": target.stream})


async def launch(pool: Pool, redis: AsyncRedis) -> None:
    while await launch_due(pool, redis, PRESENT_SECONDS):
        pass


async def test_a_raid_leaves_after_its_window(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on, target = await scene(api, pool), await scene(api, pool)
    started = await raid(on, target)
    assert (started.status_code, started.json()["state"]) == (201, "pending")
    assert started.json()["target"]["creator"] == target.creator.handle
    assert refusal(await raid(on, target)) == (409, "raid_pending")
    await launch(pool, redis)
    assert await told(pool, on.stream, "raid.launched") == []
    await pass_time(pool, "raids", on.stream, 11)
    await asyncio.gather(*(launch(pool, redis) for _ in range(3)))
    (event,) = await told(pool, on.stream, "raid.launched")
    assert (event["target_id"], event["target_handle"]) == (target.stream, target.creator.handle)
    assert refusal(await on.creator.ask("DELETE", f"{on.path}/raid")) == (404, "raid_not_found")


async def test_a_raid_can_be_called_off(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on, target = await scene(api, pool), await scene(api, pool)
    await raid(on, target)
    cancelled = await on.creator.ask("DELETE", f"{on.path}/raid")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    await pass_time(pool, "raids", on.stream, 11)
    await launch(pool, redis)
    assert await told(pool, on.stream, "raid.launched") == []
    assert [event["reason"] for event in await told(pool, on.stream, "raid.cancelled")] == ["cancelled"]
    assert (await raid(on, target)).status_code == 201


async def test_a_raid_does_not_go_where_nobody_is_live(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on, target = await scene(api, pool), await scene(api, pool)
    await raid(on, target)
    await target.creator.ask("POST", f"{target.path}/end")
    await pass_time(pool, "raids", on.stream, 11)
    await launch(pool, redis)
    assert [event["reason"] for event in await told(pool, on.stream, "raid.cancelled")] == ["target_not_live"]
    assert refusal(await raid(on, target)) == (409, "target_not_live")
    assert refusal(await raid(target, on)) == (409, "not_live")


async def test_who_does_not_want_raids_gets_none(api: AsyncClient, pool: Pool) -> None:
    on, target = await scene(api, pool), await scene(api, pool)
    assert (await target.creator.ask("GET", "/api/me/raids")).json() == {"accept": True}
    assert (await target.creator.ask("PUT", "/api/me/raids", json={"accept": False})).json() == {"accept": False}
    assert refusal(await raid(on, target)) == (409, "raid_refused")
    await target.creator.ask("PUT", "/api/me/raids", json={"accept": True})
    assert (await raid(on, target)).status_code == 201
    assert refusal(await on.viewer.ask("GET", "/api/me/raids")) == (403, "role_required")


async def test_who_may_not_is_told_so(api: AsyncClient, pool: Pool) -> None:
    on, target = await scene(api, pool), await scene(api, pool)
    body = {"targetId": target.stream}
    for person in (on.viewer, on.moderator, target.creator):
        assert refusal(await person.ask("POST", f"{on.path}/raid", json=body)) == (403, "not_owner")
        assert refusal(await person.ask("DELETE", f"{on.path}/raid")) == (403, "not_owner")
    assert refusal(await raid(on, on)) == (422, "same_stream")
    hidden = await target.creator.announce(visibility="private")
    answer = await on.creator.ask("POST", f"{on.path}/raid", json={"targetId": hidden})
    assert refusal(answer) == (404, "stream_not_found")
