"""One gateway, from outside: what a client of the public contract sees, frame by frame."""

import asyncio
import contextlib
from typing import Any
from uuid import UUID, uuid4

import pytest
import websockets

from domain.accounts.tokens import AccessTokens
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.gateways import Viewer, metric
from tests.integration.shows import Show, recorded

pytestmark = pytest.mark.usefixtures("farewell")


async def test_whoever_enters_is_told_the_state_of_the_room(show: Show) -> None:
    speaker = await show.enter(show.viewer)
    await speaker.say("first")
    await speaker.until(lambda v: v.texts == ["first"])
    async with Viewer(show.url, show.stream) as late:
        state = await late.first("room:state")
        assert state["seq"] == speaker.seqs[-1]
        assert state["stream"]["status"] == "live"
        assert state["stream"]["creator"] == show.creator.handle
        assert [message["text"] for message in state["chat"]] == ["first"]
        assert "seq" not in late.frames[0]
        await speaker.say("second")
        await late.until(lambda v: v.texts == ["second"])
        assert late.seqs[0] == state["seq"] + 1


async def test_a_message_is_shown_cleaned_and_recorded_once(show: Show, settings: Settings) -> None:
    async with Viewer(show.url, show.stream) as reader:
        speaker = await show.enter(show.viewer)
        ack = await speaker.say("  <b>hello</b>\u202e <3 & you  ")
        await reader.until(lambda v: v.texts)
        shown = reader.seen("chat:message")[0]["data"]
        assert shown["text"] == "<b>hello</b> <3 & you"
        assert shown["user"] == {"id": show.viewer.user_id, "handle": show.viewer.handle, "level": 1, "badges": []}
        assert (shown["messageId"], shown["createdAt"]) == (ack["messageId"], ack["createdAt"])
    said = [event for event in recorded(settings, show.stream) if type(event).__name__ == "ChatMessage"]
    assert [(str(event.message_id), event.text) for event in said] == [(ack["messageId"], "<b>hello</b> <3 & you")]  # type: ignore[union-attr]


REFUSED: list[tuple[str, Any, str, str]] = [
    ("gift:received", {}, "server_only_event", ""),
    ("mood:state", {}, "server_only_event", ""),
    ("chat:deleted", {}, "server_only_event", ""),
    ("chat:mode", {}, "forbidden", ""),
    ("ack", {}, "server_only_event", ""),
    ("poll:dance", {}, "unknown_event", "poll:dance"),
    ("chat:message", {"text": ""}, "invalid", "text"),
    ("chat:message", {"text": "\u200b\u202e \n"}, "invalid", "text"),
    ("chat:message", {"text": "x", "sneaky": 1}, "invalid", "sneaky"),
    ("chat:message", {"text": "x" * 301}, "invalid", "text"),
    ("chat:message", "x", "invalid", "object"),
    ("gift:send", {"code": "NOPE"}, "unknown_gift", ""),
    ("gift:send", {"code": "CROWN"}, "insufficient_tokens", ""),
    ("gift:send", {"code": "HEART", "qty": -1}, "invalid", "qty"),
    ("gift:send", {"code": "HEART\x00"}, "unknown_gift", ""),
    ("gift:send", {"code": "HEART", "idempotencyKey": "\x00"}, "idempotency_key_invalid", ""),
    ("mood:react", {"mood": "bored"}, "invalid", "mood"),
    ("auth", {"token": "no"}, "token_invalid", ""),
]


async def test_every_refusal_has_its_code_and_the_socket_stays(show: Show) -> None:
    viewer = await show.enter(show.viewer)
    for event, data, code, named in REFUSED:
        answer = await viewer.ask(event, data)
        assert (answer["event"], answer["data"]["code"]) == ("error", code), (event, data, answer)
        assert named in answer["data"]["message"]
    assert (await viewer.ask("chat:message", {"text": "still here"}))["event"] == "ack"


async def test_who_is_not_signed_in_only_reads_and_beats(show: Show) -> None:
    async with Viewer(show.url, show.stream) as reader:
        for event, data in (
            ("chat:message", {"text": "hi"}),
            ("gift:send", {"code": "HEART"}),
            ("mood:react", {"mood": "joy"}),
        ):
            assert (await reader.ask(event, data))["data"]["code"] == "unauthenticated"
        assert (await reader.ask("viewer:heartbeat", {"focus": False}))["event"] == "ack"


async def test_every_message_is_answered_whatever_it_is(show: Show) -> None:
    viewer = await show.enter(show.viewer)
    before = len(viewer.answers)
    garbage: list[str | bytes] = ["{not json", "", "[" * 8000, '"x"', b"\x00\x01", '{"event":"viewer:heartbeat"}']
    for text in garbage:
        await viewer.ws.send(text)
    await viewer.until(lambda v: len(v.answers) == before + len(garbage))
    answers = viewer.answers[before:]
    assert all(answer["id"] is None for answer in answers)
    assert [answer["data"].get("code") for answer in answers] == [
        "malformed",
        "malformed",
        "invalid",
        "invalid",
        "malformed",
        None,
    ]
    await viewer.ws.send('{"event":"auth","id":"mine","sneaky":1}')
    await viewer.until(lambda v: v.answers[-1]["id"] == "mine")


async def test_frames_are_answered_in_the_order_they_came(show: Show) -> None:
    viewer = await show.enter(show.creator)
    before = len(viewer.answers)
    for number in range(60):
        event, data = ("chat:message", {"text": f"m{number}"}) if number % 3 == 0 else ("viewer:heartbeat", {})
        await viewer.send(event, data, number)
    await viewer.until(lambda v: len(v.answers) == before + 60)
    assert [answer["id"] for answer in viewer.answers[before:]] == list(range(60))
    await viewer.until(lambda v: len(v.texts) == 20)
    assert viewer.texts == [f"m{number}" for number in range(0, 60, 3)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"stream": str(uuid4())}, 4404),
        ({"stream": "nothing"}, 4400),
        ({"channels": "chat,secrets"}, 4400),
        ({"epoch": "x", "seq": "-1"}, 4400),
        ({"seq": "many"}, 4400),
    ],
)
async def test_an_address_that_leads_nowhere_says_so_and_closes(show: Show, query: dict[str, str], code: int) -> None:
    viewer = await Viewer(show.url, **{"stream": show.stream, **query}).open()
    assert await viewer.closed() == code
    assert [answer["event"] for answer in viewer.answers] == ["error"]


async def test_a_message_over_8_kb_closes_with_1009(show: Show) -> None:
    async with Viewer(show.url, show.stream) as viewer:
        await viewer.ws.send("x" * 8192)
        await viewer.until(lambda v: v.answers)
        with contextlib.suppress(websockets.ConnectionClosed):  # while it is still writing
            await viewer.ws.send("x" * 1_000_000)
        assert await viewer.closed() == 1009


async def test_an_expired_token_makes_a_reader_and_a_new_one_a_writer(show: Show, settings: Settings) -> None:
    short = AccessTokens(settings.signing_key, settings.access_minutes)
    short.seconds = 6
    viewer = await show.enter()
    token = short.issue(UUID(show.viewer.user_id), show.viewer.handle, ("viewer",), uuid4())
    assert (await viewer.ask("auth", {"token": token}))["data"]["handle"] == show.viewer.handle
    await viewer.first("auth:expired")
    assert "seq" not in viewer.seen("auth:expired")[0]
    assert (await viewer.ask("chat:message", {"text": "hi"}))["data"]["code"] == "unauthenticated"
    assert (await viewer.ask("auth", {"token": token}))["data"]["code"] == "token_expired"
    answer = await viewer.ask("auth", {"token": show.viewer.access})
    assert answer["data"] == {"userId": show.viewer.user_id, "handle": show.viewer.handle, "roles": ["viewer"]}
    await viewer.say("again")
    assert (await viewer.ask("auth", {"token": token}))["data"]["code"] == "token_expired"
    await viewer.say("a bad renewal changes nothing")


async def test_a_flood_of_frames_is_slowed_down_at_its_sender(show: Show) -> None:
    flood, other = await show.enter(), await show.enter(show.viewer)
    sent = 600
    began = asyncio.get_running_loop().time()
    pushing = asyncio.create_task(_push(flood, sent))
    await other.ask("nonsense")
    assert len(flood.answers) < sent, "all of the flood was served first"
    await flood.until(lambda v: len(v.answers) == sent)
    await pushing
    assert asyncio.get_running_loop().time() - began > 3


async def _push(viewer: Viewer, count: int) -> None:
    for number in range(count):
        await viewer.send("nonsense", {}, number)


async def test_a_handshake_that_gives_up_leaves_nothing_behind(show: Show) -> None:
    async def connections() -> float:
        return await metric(show.url, "ws_connections")

    before = await eventually(connections, lambda count: count == 0)
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", int(show.url.rpartition(":")[2]))
        writer.write(
            f"GET /ws?stream={show.stream} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        writer.close()
        await writer.wait_closed()
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(f"{show.url.replace('http', 'ws', 1)}/ws/nowhere?stream={show.stream}")
    viewer = await show.enter()
    assert await viewer.first("room:state")
    await eventually(connections, lambda count: count == before + 1)
