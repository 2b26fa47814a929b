"""Who is in a room: viewers are counted once each, and one who does not read harms nobody."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.bus import RoomBus
from livestreamx.events import Event, ViewerHeartbeat, ViewerJoined, ViewerLeft
from livestreamx.settings import Settings
from tests.builders import eventually, make_creator
from tests.integration.gateways import GatewayProcess, Viewer
from tests.integration.shows import Show, recorded

pytestmark = pytest.mark.usefixtures("farewell")


async def test_viewers_are_counted_once_each_and_not_the_creator(
    show: Show, pair: list[GatewayProcess], settings: Settings, redis: AsyncRedis
) -> None:
    one, same = await show.enter(show.viewer), Viewer(pair[1].url, show.stream)
    await same.open(show.viewer.access)
    owner, anonymous, overlay = await show.enter(show.creator), await show.enter(), await show.enter(path="/ws/overlay")
    await anonymous.ask("viewer:heartbeat")
    await one.until(lambda v: any(f["data"]["viewers"] == 2 for f in v.seen("viewer:count")))
    await anonymous.close()
    await one.until(lambda v: v.seen("viewer:count")[-1]["data"]["viewers"] == 1)
    assert one.seqs == list(range(one.seqs[0], one.seqs[0] + len(one.seqs)))
    for viewer in (one, same, owner, overlay):
        await viewer.close()

    async def present() -> int:
        return int(await redis.zcard(keys.room_viewers(show.stream)))

    await eventually(present, lambda count: count == 0)

    async def stays() -> list[tuple[str, bool]]:
        events = await asyncio.to_thread(recorded, settings, show.stream)
        kinds = ("ViewerJoined", "ViewerLeft")
        return sorted((type(e).__name__, e.anon_id is not None) for e in events if type(e).__name__ in kinds)

    expected = [("ViewerJoined", False)] * 2 + [("ViewerJoined", True)]
    await eventually(
        stays, lambda seen: seen == sorted(expected + [(k.replace("Joined", "Left"), a) for k, a in expected])
    )


async def test_an_anonymous_browser_is_one_viewer_however_many_tabs(show: Show, redis: AsyncRedis) -> None:
    first = await show.enter()
    assert first.ws.response is not None
    cookie = first.ws.response.headers["set-cookie"]
    name, _, anon_id = cookie.partition(";")[0].partition("=")
    assert name == "lsx_viewer"
    assert "HttpOnly" in cookie
    assert "Path=/;" in cookie
    second = await Viewer(show.url, show.stream).open(additional_headers={"Cookie": f"{name}={anon_id}"})
    assert second.ws.response is not None
    assert "set-cookie" not in second.ws.response.headers
    for viewer in (first, second):
        await viewer.ask("viewer:heartbeat")

    async def present() -> list[Any]:
        viewers: list[Any] = await redis.zrange(keys.room_viewers(show.stream), 0, -1)
        return viewers

    await eventually(present, lambda viewers: viewers == [f"anon:{anon_id}".encode()])


async def test_who_moves_to_another_gateway_stays_counted(
    show: Show, pair: list[GatewayProcess], redis: AsyncRedis
) -> None:
    """The old gateway learns of the end after the new one has marked the viewer."""
    key, viewer = keys.room_viewers(show.stream), f"user:{show.viewer.user_id}".encode()

    async def present() -> list[Any]:
        viewers: list[Any] = await redis.zrange(key, 0, -1)
        return viewers

    old = await show.enter(show.viewer)
    await eventually(present, lambda viewers: viewers == [viewer])
    marked = await redis.zscore(key, viewer) or 0.0
    new = await Viewer(pair[1].url, show.stream).open(show.viewer.access)

    async def marked_anew() -> bool:
        return (await redis.zscore(key, viewer) or 0.0) > marked

    await eventually(marked_anew, bool)
    await old.close()
    another = await show.enter()
    await another.ask("viewer:heartbeat")
    await eventually(present, lambda viewers: len(viewers) == 2)
    assert viewer in await present()
    await new.close()
    await eventually(present, lambda viewers: viewer not in viewers)


async def test_a_stay_begins_and_ends_with_its_stream(
    show: Show, web: AsyncClient, settings: Settings, redis: AsyncRedis
) -> None:
    """Whoever waits before the start, or stays on after the end, is no viewer then."""
    creator = await make_creator(web)
    made = await creator.call("POST", "/api/streams", {"title": "Later"})
    stream = str(made["id"])
    viewer, bus = await Viewer(show.url, stream).open(show.viewer.access), RoomBus(redis)
    refused = await viewer.ask("viewer:heartbeat")
    assert (refused["event"], refused["data"]["code"]) == ("error", "not_live")
    state = (await viewer.first("room:state"))["stream"]

    async def present() -> int:
        return int(await redis.zcard(keys.room_viewers(stream)))

    await eventually(present, lambda count: count == 1)  # in the waiting room
    live = await creator.call("POST", f"/api/streams/{stream}/start")
    began = {**state, "status": "live", "startedAt": live["startedAt"]}
    await bus.publish(UUID(stream), "stream:state", began)
    await viewer.first("stream:state")
    assert (await viewer.ask("viewer:heartbeat"))["event"] == "ack"
    over = await creator.call("POST", f"/api/streams/{stream}/end")
    await bus.publish(UUID(stream), "stream:state", {**began, "status": "ended", "endedAt": over["endedAt"]})
    await viewer.until(lambda v: any(f["data"]["status"] == "ended" for f in v.seen("stream:state")))
    await eventually(present, lambda count: count == 0)
    refused = await viewer.ask("viewer:heartbeat")
    assert (refused["event"], refused["data"]["code"]) == ("error", "not_live")

    async def stay() -> list[Event]:
        return [*await asyncio.to_thread(recorded, settings, stream)]

    joined, beat, left = await eventually(stay, lambda events: len(events) == 3)
    await viewer.close()
    late = await Viewer(show.url, stream).open(show.viewer.access)
    await late.close()
    assert [type(event) for event in (joined, beat, left)] == [ViewerJoined, ViewerHeartbeat, ViewerLeft]
    told = (datetime.fromisoformat(at) for at in (live["startedAt"], over["endedAt"]))
    whole = [at.replace(microsecond=at.microsecond // 1000 * 1000) for at in told]
    assert whole == [joined.occurred_at, left.occurred_at]
    assert isinstance(left, ViewerLeft)
    assert left.watched_ms == (left.occurred_at - joined.occurred_at) // timedelta(milliseconds=1)
    assert len(await stay()) == 3


async def test_a_beat_says_whether_a_clip_is_on_air(show: Show, settings: Settings, redis: AsyncRedis) -> None:
    one, other, bus = await show.enter(show.viewer), await show.enter(), RoomBus(redis)
    clip = {"segmentId": str(uuid7()), "vodId": str(uuid7()), "title": "Intro", "url": "/vods/x.webm"}
    await bus.publish(UUID(show.stream), "segment:start", clip)
    await one.first("segment:start")
    assert (await one.ask("viewer:heartbeat"))["event"] == "ack"
    await bus.publish(UUID(show.stream), "segment:end", {"segmentId": clip["segmentId"], "outcome": "played"})
    await other.first("segment:end")
    assert (await other.ask("viewer:heartbeat"))["event"] == "ack"

    async def sources() -> list[tuple[bool, str]]:
        events = await asyncio.to_thread(recorded, settings, show.stream)
        return sorted((event.user_id is None, event.source) for event in events if isinstance(event, ViewerHeartbeat))

    await eventually(sources, lambda seen: seen == [(False, "segment"), (True, "live")])
