"""Who is in a room: viewers are counted once each, and one who does not read harms nobody."""

import asyncio

import pytest
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.engines.bus import RoomBus
from livestreamx.settings import Settings
from tests.builders import eventually
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
    await one.until(lambda v: v.seen("viewer:count")[-1]["data"]["viewers"] == 1, 20)
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
    assert await redis.zrange(keys.room_viewers(show.stream), 0, -1) == [f"anon:{anon_id}".encode()]


async def test_a_reader_who_never_reads_is_closed_and_the_others_do_not_wait(show: Show, redis: AsyncRedis) -> None:
    bus, healthy = RoomBus(redis), await show.enter()
    stuck = await Viewer(show.url, show.stream).open(max_queue=1)
    await stuck.first("room:state")
    stuck.ws.transport.pause_reading()
    text = "x" * 4000
    for number in range(2000):
        await bus.publish(show.stream, "chat:message", {"text": f"{number} {text}"})
        if number % 100 == 0:
            await healthy.until(lambda v, n=number: len(v.texts) > n, 5)
    await healthy.until(lambda v: len(v.texts) == 2000, 5)
    assert healthy.seqs == list(range(healthy.seqs[0], healthy.seqs[-1] + 1))
    stuck.ws.transport.resume_reading()
    assert await stuck.closed(30) in (4408, 1006)
    assert stuck.seqs == list(range(stuck.seqs[0], stuck.seqs[0] + len(stuck.seqs)))
