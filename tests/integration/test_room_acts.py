"""What viewers do in a room: chat, reactions and gifts, within their limits and only while it is live."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.throttle import Limit, Throttle
from livestreamx.settings import Settings
from tests.builders import make_creator, make_user
from tests.integration.gateways import GatewayProcess, Viewer
from tests.integration.shows import Show, recorded

pytestmark = pytest.mark.usefixtures("farewell")


async def until_refused(
    viewer: Viewer, event: str, data: Callable[[int], dict[str, Any]]
) -> tuple[int, dict[str, Any], float]:
    """Act until that is too fast: how often it was taken, the refusal, and how long (seconds) all that took."""
    began = time.monotonic()
    for number in itertools.count():
        answer = await viewer.ask(event, data(number))
        if answer["event"] == "error":
            return number, answer["data"], time.monotonic() - began
    raise AssertionError("never too fast")


async def test_three_messages_at_once_then_one_in_two_seconds(show: Show) -> None:
    viewer, creator = await show.enter(show.viewer), await show.enter(show.creator)
    taken, refused, seconds = await until_refused(viewer, "chat:message", lambda number: {"text": f"m{number}"})
    assert 3 <= taken <= 3 + seconds / 2
    assert refused["code"] == "rate_limited"
    assert 0 < refused["retryAfterMs"] <= 2000
    await asyncio.sleep(refused["retryAfterMs"] / 1000)
    assert (await viewer.ask("chat:message", {"text": "the draft that was kept"}))["event"] == "ack"
    for number in range(10):
        await creator.say(f"exempt {number}")
    await viewer.until(lambda v: len(v.texts) == taken + 11)


async def test_a_flooded_room_is_slowed_down_for_all(show: Show, redis: AsyncRedis) -> None:
    viewer, other = await show.enter(show.viewer), await show.enter()
    throttle, flood = Throttle(redis), Limit("chat-room", 5000, 100)  # the room's own pace, counted without its cap
    await asyncio.gather(*(throttle.check((flood, show.stream)) for _ in range(2000)))
    refused = (await viewer.ask("chat:message", {"text": "one too many"}))["data"]
    assert refused["code"] == "rate_limited"
    assert refused["retryAfterMs"] > 0
    mode = await other.first("chat:mode")
    assert (mode["slowSeconds"], mode["reason"]) == (10, "flood")
    await redis.delete(keys.limit("chat-room", show.stream))  # the flood is over
    assert (await viewer.ask("chat:message", {"text": "x"}))["event"] == "ack"
    slowed = (await viewer.ask("chat:message", {"text": "x"}))["data"]
    assert (slowed["code"], slowed["retryAfterMs"] > 2000) == ("rate_limited", True)
    assert len(other.seen("chat:mode")) == 1


async def test_one_reaction_a_second(show: Show, settings: Settings) -> None:
    viewer = await show.enter(show.viewer)
    taken, refused, seconds = await until_refused(viewer, "mood:react", lambda _: {"mood": "hype"})
    assert 1 <= taken <= 1 + seconds
    assert 0 < refused["retryAfterMs"] <= 1000
    moods = [event.mood for event in recorded(settings, show.stream) if type(event).__name__ == "ReactionSent"]  # type: ignore[union-attr]
    assert moods == ["hype"] * taken


async def test_gifts_are_charged_once_a_key_and_all_sockets_of_the_person_are_told(
    show: Show, pair: list[GatewayProcess]
) -> None:
    viewer, elsewhere = await show.enter(show.viewer), Viewer(pair[1].url, show.stream)
    await elsewhere.open(show.viewer.access)
    sent = await viewer.ask("gift:send", {"code": "HEART", "qty": 2, "idempotencyKey": "k1"})
    assert sent["data"]["balance"] == 90
    again = await viewer.ask("gift:send", {"code": "HEART", "qty": 2, "idempotencyKey": "k1"})
    assert again["data"] == sent["data"]
    other = await viewer.ask("gift:send", {"code": "HEART", "qty": 1, "idempotencyKey": "k1"})
    assert other["data"]["code"] == "idempotency_key_reused"
    for socket in (viewer, elsewhere):
        assert (await socket.first("wallet:balance"))["tokens"] == 90
        assert "seq" not in socket.seen("wallet:balance")[0]
    owner = await show.enter(show.creator)
    assert (await owner.ask("gift:send", {"code": "HEART"}))["data"]["code"] == "self_gift"


async def test_nothing_is_said_before_the_start_or_after_the_end(
    pair: list[GatewayProcess], web: AsyncClient, redis: AsyncRedis
) -> None:
    creator = await make_creator(web)
    stream = await creator.call("POST", "/api/streams", {"title": "soon"})
    viewer = await Viewer(pair[0].url, stream["id"]).open((await make_user(web)).access)
    assert (await viewer.first("room:state"))["stream"]["status"] == "scheduled"
    assert (await viewer.ask("chat:message", {"text": "hi"}))["data"]["code"] == "not_live"
    await creator.call("POST", f"/api/streams/{stream['id']}/start")
    await viewer.say("the start is known before its news arrive")
    ended = {**(await viewer.first("room:state"))["stream"], "status": "ended"}
    await creator.call("POST", f"/api/streams/{stream['id']}/end")
    await RoomBus(redis).publish(stream["id"], "stream:state", ended)
    await viewer.first("stream:state")
    for event, data in (
        ("chat:message", {"text": "hi"}),
        ("mood:react", {"mood": "joy"}),
        ("gift:send", {"code": "HEART"}),
    ):
        assert (await viewer.ask(event, data))["data"]["code"] == "not_live"
    late = await Viewer(pair[0].url, stream["id"]).open()
    assert (await late.first("room:state"))["stream"]["status"] == "ended"


async def test_a_private_stream_does_not_exist_for_others(pair: list[GatewayProcess], web: AsyncClient) -> None:
    creator, other = await make_creator(web), await make_user(web)
    stream = await creator.call("POST", "/api/streams", {"title": "rehearsal", "visibility": "private"})
    await creator.call("POST", f"/api/streams/{stream['id']}/start")
    stranger = await Viewer(pair[0].url, stream["id"]).open()
    assert (await stranger.ask("viewer:heartbeat"))["data"]["code"] == "stream_not_found"
    assert (await stranger.ask("auth", {"token": other.access}))["data"]["code"] == "stream_not_found"
    assert (await stranger.ask("chat:message", {"text": "let me in"}))["data"]["code"] == "stream_not_found"
    owner = await Viewer(pair[0].url, stream["id"]).open(creator.access)
    assert (await owner.first("room:state"))["stream"]["title"] == "rehearsal"
    await owner.say("only I am here")
    assert await stranger.closed() == 4404
    assert stranger.frames == []
