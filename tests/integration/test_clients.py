"""What both clients promise: nothing missed and nothing doubled over broken connections, and nothing charged twice."""

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import AccessTokens
from livestreamx import frames
from livestreamx.client import Account, NotConnected, Refused, Unanswered
from livestreamx.engines.bus import RoomBus
from livestreamx.settings import Settings
from tests.builders import eventually, go_live, make_user
from tests.integration.gateways import GatewayProcess, gateways
from tests.integration.visitors import NodeVisitor, PythonVisitor, Visitor
from tests.integration.wire import Wire

SAID = {"user": {"id": "00000000-0000-7000-8000-000000000001", "handle": "bot"}, "createdAt": "2027-01-01T00:00:00Z"}

TOKEN_SECONDS = 8
"""How long a short token lasts: time enough to sign in with it, and to renew it long before its end."""

Arrive = Callable[..., Any]
Brief = Callable[[str, float], Awaitable[Visitor]]


class Chatter:
    """Messages put on the room's bus, as the gateway does it."""

    def __init__(self, redis: AsyncRedis, stream: str) -> None:
        self._bus, self._stream, self.texts = RoomBus(redis), stream, list[str]()

    async def say(self, count: int) -> None:
        for _ in range(count):
            self.texts.append(f"m{len(self.texts)}")
            message = {"messageId": f"00000000-0000-7000-8000-{len(self.texts):012}", "text": self.texts[-1], **SAID}
            await self._bus.publish(self._stream, "chat:message", message)


class Show(NamedTuple):
    """A live stream and what is said in it."""

    stream: str
    creator: Account
    chatter: Chatter


@pytest_asyncio.fixture(loop_scope="session")
async def wire(pair: list[GatewayProcess]) -> AsyncIterator[Wire]:
    async with Wire("127.0.0.1", pair[0].port) as wire:
        yield wire


@pytest_asyncio.fixture(loop_scope="session", params=["javascript", "python"])
async def visitor(request: pytest.FixtureRequest, wire: Wire) -> AsyncIterator[Callable[..., Any]]:
    """Makes a visitor of a room, by way of the wire."""

    def arrive(stream: str, account: Account | None = None, **options: Any) -> Visitor:
        base = f"http://127.0.0.1:{wire.port}"
        later, believed = options.pop("later", ""), options.pop("believed", 900)
        if request.param == "python":
            return PythonVisitor(base, stream, account, **options)
        accesses = [account.access, later or account.access] if account else []
        lives = (believed, 900)
        tokens = [{"access": access, "expiresIn": life} for access, life in zip(accesses, lives, strict=False)]
        return NodeVisitor(base, stream, tokens, **options)

    yield arrive
    await say_goodbye()


async def say_goodbye() -> None:
    await asyncio.gather(*(one.leave() for one in list(Visitor.opened)))


@pytest_asyncio.fixture(loop_scope="session")
async def show(web: AsyncClient, redis: AsyncRedis) -> Show:
    """A live stream."""
    creator, stream = await go_live(web)
    return Show(stream, creator, Chatter(redis, stream))


async def test_the_death_of_a_gateway_loses_and_doubles_nothing(
    visitor: Arrive, wire: Wire, settings: Settings, pair: list[GatewayProcess], show: Show
) -> None:
    stream, chatter = show.stream, show.chatter
    with gateways(settings, 1) as (victim,):
        wire.lead_to(victim.port)
        one = await visitor(stream).enter()
        await one.until(lambda: one.seen("room:state"))
        await chatter.say(30)
        await one.until(lambda: len(one.texts) > 10)
        wire.lead_to(pair[0].port)
        victim.kill()
        await chatter.say(30)
    await wire.cut()
    await chatter.say(30)
    await one.until(lambda: one.texts[-1:] == chatter.texts[-1:])
    assert one.texts == chatter.texts
    assert one.seqs == list(range(one.seqs[0], one.seqs[0] + len(one.seqs)))
    assert not one.seen("resume:truncated")


async def test_a_drain_moves_it_to_another_gateway_with_nothing_lost(
    visitor: Arrive, wire: Wire, settings: Settings, pair: list[GatewayProcess], show: Show
) -> None:
    creator, stream, chatter = show.creator, show.stream, show.chatter
    with gateways(settings, 1) as (leaving,):
        wire.lead_to(leaving.port)
        one = await visitor(stream, creator).enter()
        await one.until(lambda: one.seen("room:state"))
        await chatter.say(10)
        wire.lead_to(pair[0].port)
        stopping = asyncio.create_task(asyncio.to_thread(leaving.stop))
        await chatter.say(40)
        await stopping
    await one.until(lambda: len(one.seen("room:state")) == 2)
    await one.until(lambda: one.texts == chatter.texts)
    said = await one.ask("chat:message", text="still signed in")
    assert said["messageId"]


@pytest.mark.parametrize("packed", [False, True], ids=["json", "msgpack"])
async def test_both_subprotocols_tell_the_same(visitor: Arrive, show: Show, packed: bool) -> None:
    creator, stream = show.creator, show.stream
    one = await visitor(stream, creator, packed=packed).enter()
    said = await one.ask("chat:message", text="ünïcode 🎉")
    await one.until(lambda: one.texts)
    shown = one.seen("chat:message")[0]
    assert shown["data"]["messageId"] == said["messageId"]
    assert shown["data"]["user"]["handle"] == creator.handle
    assert one.texts == ["ünïcode 🎉"]
    assert one.seen("room:state")[0]["data"]["stream"]["id"] == stream
    with pytest.raises(Refused) as refusal:
        await one.ask("chat:message", text="")
    assert refusal.value.code == "invalid"


async def test_a_gift_whose_answer_is_lost_is_charged_once(visitor: Arrive, wire: Wire, web: AsyncClient) -> None:
    _, stream = await go_live(web)
    fan = await make_user(web)
    one = await visitor(stream, fan).enter()
    wire.lose_answers()
    giving = asyncio.create_task(one.give("HEART"))

    async def charged() -> bool:
        return bool((await fan.call("GET", "/api/wallet"))["tokens"] == 95)

    await eventually(charged, bool)
    assert not giving.done()
    await wire.cut()
    wire.mend()
    assert (await giving)["balance"] == 95
    assert await charged()


async def test_a_message_whose_answer_is_lost_is_not_sent_again(
    visitor: Arrive, wire: Wire, web: AsyncClient, show: Show
) -> None:
    stream = show.stream
    one = await visitor(stream, show.creator).enter()
    await one.until(lambda: one.seen("room:state"))
    watcher = await PythonVisitor(str(web.base_url).rstrip("/"), stream, None).enter()
    wire.lose_answers()
    saying = asyncio.create_task(one.ask("chat:message", text="once"))
    await watcher.until(lambda: watcher.texts)
    await wire.cut()
    wire.mend()
    with pytest.raises((Refused, Unanswered)) as refusal:
        await saying
    assert isinstance(refusal.value, Unanswered) or refusal.value.code == "connection_lost"
    await one.until(lambda: one.texts)
    await one.ask("chat:message", text="after")
    for room in (one, watcher):
        await room.until(lambda room=room: "after" in room.texts)
        assert room.texts == ["once", "after"]


async def test_a_room_that_does_not_know_the_place_starts_over(
    visitor: Arrive, wire: Wire, pair: list[GatewayProcess], show: Show
) -> None:
    """More happened meanwhile than a room remembers."""
    stream, chatter = show.stream, show.chatter
    one = await visitor(stream).enter()
    stayer = await PythonVisitor(f"http://127.0.0.1:{pair[0].port}", stream, None).enter()
    await one.until(lambda: one.seen("room:state"))
    await chatter.say(1)
    await one.until(lambda: one.texts)
    wire.hang()
    await wire.cut()
    await chatter.say(600)
    await stayer.until(lambda: stayer.texts[-1:] == chatter.texts[-1:])
    wire.mend()
    await one.until(lambda: len(one.seen("room:state")) == 2)
    assert one.seen("resume:truncated")
    await chatter.say(2)
    await one.until(lambda: len(one.texts) == 3)
    assert one.texts == [chatter.texts[0], *chatter.texts[-2:]]


async def test_a_stream_that_is_not_there_is_given_up(visitor: Arrive, wire: Wire) -> None:
    accepted = wire.accepted
    with pytest.raises(Refused) as refusal:
        await visitor("00000000-0000-7000-8000-000000000009").enter()
    assert refusal.value.code == "stream_not_found"
    assert wire.accepted == accepted + 1


async def test_a_refusal_says_when_to_try_again(visitor: Arrive, web: AsyncClient) -> None:
    _, stream = await go_live(web)
    one = await visitor(stream, await make_user(web)).enter()

    async def talk_without_pause() -> None:
        for number in itertools.count():
            await one.ask("chat:message", text=f"quick {number}")

    with pytest.raises(Refused) as refusal:
        await talk_without_pause()
    assert refusal.value.code == "rate_limited"
    assert (refusal.value.retry_after_ms or 0) > 0


@pytest.fixture
def brief(visitor: Arrive, settings: Settings, web: AsyncClient) -> Brief:
    """A visitor whose first access token lasts a few seconds, and who believes that it lasts `believed`."""

    async def arrive(stream: str, believed: float) -> Visitor:
        handle, password = f"brief_{secrets.token_hex(5)}", secrets.token_urlsafe(12)
        pair = (await web.post("/api/auth/register", json={"handle": handle, "password": password})).json()
        issuer = AccessTokens(settings.signing_key, 15)
        claims = issuer.verify(pair["access"])
        issuer.seconds = TOKEN_SECONDS
        short = issuer.issue(claims.sub, claims.handle, claims.roles, claims.sid)
        account = Account(web, handle, {**pair, "access": short, "expiresIn": believed})
        return await visitor(stream, account, later=pair["access"], believed=believed).enter()  # type: ignore[no-any-return]

    return arrive


async def test_a_token_is_renewed_before_it_runs_out(brief: Brief, wire: Wire, show: Show) -> None:
    one = await brief(show.stream, 2.0)
    accepted, began = wire.accepted, time.monotonic()
    await one.until(lambda: one.seen("room:state"))

    async def elapsed() -> float:
        return time.monotonic() - began

    await eventually(elapsed, lambda seconds: seconds > TOKEN_SECONDS + 2)
    await one.ask("chat:message", text="still here")
    assert not one.seen("auth:expired")
    assert wire.accepted == accepted


async def test_a_token_that_ran_out_is_replaced(brief: Brief, show: Show) -> None:
    one = await brief(show.stream, 900)
    await one.until(lambda: one.seen("auth:expired"))

    async def said() -> bool:
        try:
            await one.ask("chat:message", text="back again")
        except Refused:
            return False
        return True

    assert await eventually(said, bool)


def javascript(wire: Wire, stream: str, **options: Any) -> NodeVisitor:
    return NodeVisitor(f"http://127.0.0.1:{wire.port}", stream, [], **options)


@pytest_asyncio.fixture(loop_scope="session")
async def goodbye() -> AsyncIterator[None]:
    yield
    await say_goodbye()


@pytest.mark.usefixtures("goodbye")
@pytest.mark.parametrize(("lost", "gaps"), [(["m5"], []), (["m5", "m5"], [1])], ids=["once", "for good"])
async def test_a_hole_is_closed_by_coming_back_and_told_when_it_stays(
    wire: Wire, show: Show, lost: list[str], gaps: list[int]
) -> None:
    one = await javascript(wire, show.stream, lose=lost).enter()
    await show.chatter.say(10)
    await one.until(lambda: one.texts[-1:] == ["m9"])
    missing = [text for text in show.chatter.texts if text not in one.texts]
    assert missing == ["m5"] * len(gaps)
    assert one.texts == [text for text in show.chatter.texts if text not in missing]
    assert [gap["before"] - gap["after"] - 1 for gap in one.told("gap")] == gaps


@pytest.mark.usefixtures("goodbye")
async def test_who_left_gets_no_answers_and_comes_back_to_where_it_was(wire: Wire, show: Show) -> None:
    one = await javascript(wire, show.stream).enter()
    await show.chatter.say(3)
    await one.until(lambda: len(one.texts) == 3)
    await one.act("stop")
    with pytest.raises(Refused) as refusal:
        await one.ask("viewer:heartbeat")
    assert (refusal.value.code, refusal.value.message) == ("not_connected", "NotConnected")
    await show.chatter.say(3)
    await one.act("start")
    await one.until(lambda: len(one.texts) == 6)
    assert one.texts == show.chatter.texts
    assert len(one.told("room:refresh")) == 1


@pytest.mark.usefixtures("goodbye")
async def test_frames_come_decoded_to_who_listens_for_their_kind(wire: Wire, show: Show) -> None:
    one = PythonVisitor(f"http://127.0.0.1:{wire.port}", show.stream, None)
    said: list[frames.ChatShown] = []
    one.room.on("chat:message", said.append).on("chat:message", lambda data: one.hear("again", data))
    await one.enter()
    await show.chatter.say(1)
    await one.until(lambda: one.told("again"))
    assert [type(data) for data in said] == [frames.ChatShown]
    assert one.told("again") == said
    await one.room.close()
    with pytest.raises(NotConnected):
        await one.room.ask("viewer:heartbeat", 1)
