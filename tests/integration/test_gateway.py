"""One gateway, from outside: what a client of the public contract sees, frame by frame."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import websockets
from confluent_kafka import Consumer, TopicPartition
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import AccessTokens
from livestreamx import keys
from livestreamx.client import Account
from livestreamx.engines.bus import RoomBus
from livestreamx.events import AnyEvent, decode
from livestreamx.frames import MSGPACK, PUBLIC_CHANNELS
from livestreamx.settings import Settings
from livestreamx.topics import INTERACTIONS
from tests.builders import eventually, go_live, make_creator, make_user
from tests.integration.gateways import GatewayProcess, Viewer

pytestmark = pytest.mark.usefixtures("farewell")


class Show:
    """A live stream with its creator and one viewer."""

    def __init__(self, url: str, stream: str, creator: Account, viewer: Account) -> None:
        self.url, self.stream, self.creator, self.viewer = url, stream, creator, viewer

    async def enter(self, account: Account | None = None, path: str = "/ws", **query: object) -> Viewer:
        return await Viewer(self.url, self.stream, path, **query).open(account and account.access)


@pytest_asyncio.fixture(loop_scope="session")
async def show(pair: list[GatewayProcess], web: AsyncClient) -> AsyncIterator[Show]:
    creator, stream = await go_live(web)
    yield Show(pair[0].url, stream, creator, await make_user(web))


def recorded(settings: Settings, stream: str) -> list[AnyEvent]:
    """Every event of a stream in the log of interactions."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": secrets.token_hex(4)})
    try:
        events = []
        for partition in range(INTERACTIONS.partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(INTERACTIONS.name, partition), timeout=10)
            consumer.assign([TopicPartition(INTERACTIONS.name, partition, low)])
            while low < high:
                record = consumer.poll(10)
                assert record is not None
                assert record.error() is None
                low = record.offset() + 1
                events.append(decode(record.value()))
        return [event for event in events if event.stream_id == UUID(stream)]
    finally:
        consumer.close()


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
        assert shown["text"] == "hello <3 & you"
        assert shown["user"] == {"id": show.viewer.user_id, "handle": show.viewer.handle, "level": 1, "badges": []}
        assert (shown["messageId"], shown["createdAt"]) == (ack["messageId"], ack["createdAt"])
    said = [event for event in recorded(settings, show.stream) if type(event).__name__ == "ChatMessage"]
    assert [(str(event.message_id), event.text) for event in said] == [(ack["messageId"], "hello <3 & you")]  # type: ignore[union-attr]


REFUSED: list[tuple[str, Any, str, str]] = [
    ("gift:received", {}, "server_only_event", ""),
    ("mood:state", {}, "server_only_event", ""),
    ("chat:deleted", {}, "server_only_event", ""),
    ("chat:mode", {}, "server_only_event", ""),
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
        await viewer.ws.send("x" * 1_000_000)
        assert await viewer.closed() == 1009


async def test_views_and_channels_show_their_part_of_the_same_sequence(show: Show, redis: AsyncRedis) -> None:
    bus = RoomBus(redis)
    everything = await show.enter()
    views = {
        path: await show.enter(path=path) for path in ("/ws/chat", "/ws/gifts", "/ws/mood", "/ws/polls", "/ws/studio")
    }
    narrowed = await show.enter(channels="mood,leaderboard")
    for event in ("chat:message", "gift:received", "mood:state", "leaderboard:update", "chat:message"):
        await bus.publish(show.stream, event, {"text": "any"})
    await everything.until(lambda v: len(v.frames) >= 6)
    all_seqs = everything.seqs[:5]
    assert all_seqs == list(range(all_seqs[0], all_seqs[0] + 5))
    expected = {"/ws/chat": [0, 4], "/ws/gifts": [1], "/ws/mood": [2], "/ws/polls": [], "/ws/studio": [0, 1, 2, 3, 4]}
    for path, places in expected.items():
        count = len(places)
        await views[path].until(lambda v, n=count: len([s for s in v.seqs if s <= all_seqs[-1]]) == n)
        assert [seq for seq in views[path].seqs if seq <= all_seqs[-1]] == [all_seqs[place] for place in places]
    await narrowed.until(lambda v: len(v.seqs) == 2)
    assert narrowed.seqs == all_seqs[2:4]
    assert "viewers" in PUBLIC_CHANNELS


async def test_messagepack_carries_the_same_frames(show: Show) -> None:
    async with Viewer(show.url, show.stream) as reader:
        packed = await Viewer(show.url, show.stream).open(show.viewer.access, MSGPACK)
        assert packed.ws.subprotocol == MSGPACK
        await packed.say("hello")
        assert (await packed.ask("viewer:heartbeat"))["event"] == "ack"
        await packed.ws.send("{}")
        await packed.until(lambda v: v.answers[-1]["event"] == "error")
        assert packed.answers[-1]["data"]["code"] == "malformed"
        await reader.until(lambda v: v.texts)
        await packed.until(lambda v: v.texts)
        assert packed.seen("chat:message") == reader.seen("chat:message")
        state, same = await reader.first("room:state"), await packed.first("room:state")
        assert state.keys() == same.keys()
        assert state["stream"] == same["stream"]


async def test_resume_replays_what_was_missed_once_and_in_order(show: Show) -> None:
    speaker = await show.enter(show.creator)
    gone = await show.enter()
    state = await gone.first("room:state")
    await gone.close()
    for number in range(5):
        await speaker.say(f"away {number}")
    back = await show.enter()
    joined = (await back.first("room:state"))["seq"]
    answer = await back.ask("resume", {"epoch": state["epoch"], "seq": state["seq"]})
    assert answer["data"] == {"recovered": True, "replayed": joined - state["seq"]}
    assert back.texts == [f"away {number}" for number in range(5)]
    again = await back.ask("resume", {"epoch": state["epoch"], "seq": state["seq"]})
    assert again["data"] == {"recovered": True, "replayed": 0}
    await speaker.say("and on")
    await back.until(lambda v: "and on" in v.texts)
    assert len(back.seqs) == len(set(back.seqs))


async def test_resume_by_address_comes_before_any_live_frame(show: Show) -> None:
    speaker = await show.enter(show.creator)
    state = await speaker.first("room:state")
    for number in range(4):
        await speaker.say(f"m{number}")
    back = await show.enter(epoch=state["epoch"], seq=state["seq"] + 1)
    told = await back.first("room:state")
    assert (told["epoch"], told["seq"], told["chat"]) == (state["epoch"], state["seq"] + 1, [])
    await speaker.say("live")
    await back.until(lambda v: "live" in v.texts)
    assert back.seqs == list(range(told["seq"] + 1, back.seqs[-1] + 1))
    assert "resume:truncated" not in [frame["event"] for frame in back.frames]


@pytest.mark.parametrize("by_address", [True, False])
async def test_a_gap_that_the_history_does_not_cover_is_never_silent(
    show: Show, redis: AsyncRedis, settings: Settings, by_address: bool
) -> None:
    bus = RoomBus(redis)
    first = await show.enter()
    state = await first.first("room:state")
    for number in range(settings.history_frames + 20):
        await bus.publish(show.stream, "chat:message", {"text": f"m{number}"})
    await first.until(lambda v: v.texts and v.texts[-1] == f"m{settings.history_frames + 19}")
    for epoch, seq in ((state["epoch"], state["seq"]), ("another", state["seq"]), (state["epoch"], 10**9)):
        if by_address:
            back = await show.enter(epoch=epoch, seq=seq)
        else:
            back = await show.enter()
            await back.first("room:state")
            answer = await back.ask("resume", {"epoch": epoch, "seq": seq})
            assert answer["data"] == {"recovered": False}
        await back.until(lambda v: v.seen("room:state") and v.seen("resume:truncated"))
        last = [frame for frame in back.frames if frame["event"] in ("resume:truncated", "room:state")][-2:]
        assert [frame["event"] for frame in last] == ["resume:truncated", "room:state"]
        await bus.publish(show.stream, "chat:message", {"text": "next"})
        await back.until(lambda v: "next" in v.texts)
        after = back.frames[back.frames.index(last[1]) + 1 :]
        seqs = [frame["seq"] for frame in after]
        assert seqs == list(range(last[1]["data"]["seq"] + 1, seqs[-1] + 1))
    assert first.seqs == list(range(first.seqs[0], first.seqs[-1] + 1))


async def test_an_expired_token_makes_a_reader_and_a_new_one_a_writer(show: Show, settings: Settings) -> None:
    short = AccessTokens(settings.signing_key, settings.access_minutes)
    short.seconds = 2
    token = short.issue(UUID(show.viewer.user_id), show.viewer.handle, ("viewer",), uuid4())
    viewer = await show.enter()
    assert (await viewer.ask("auth", {"token": token}))["data"]["handle"] == show.viewer.handle
    await viewer.first("auth:expired", 10)
    assert "seq" not in viewer.seen("auth:expired")[0]
    assert (await viewer.ask("chat:message", {"text": "hi"}))["data"]["code"] == "unauthenticated"
    assert (await viewer.ask("auth", {"token": token}))["data"]["code"] == "token_expired"
    answer = await viewer.ask("auth", {"token": show.viewer.access})
    assert answer["data"] == {"userId": show.viewer.user_id, "handle": show.viewer.handle, "roles": ["viewer"]}
    await viewer.say("again")
    assert (await viewer.ask("auth", {"token": token}))["data"]["code"] == "token_expired"
    await viewer.say("a bad renewal changes nothing")


async def test_three_messages_at_once_then_one_in_two_seconds(show: Show) -> None:
    viewer, creator = await show.enter(show.viewer), await show.enter(show.creator)
    answers = [await viewer.ask("chat:message", {"text": f"m{number}"}) for number in range(5)]
    assert [answer["event"] for answer in answers] == ["ack", "ack", "ack", "error", "error"]
    assert answers[3]["data"]["code"] == "rate_limited"
    assert 0 < answers[4]["data"]["retryAfterMs"] <= 2000
    await asyncio.sleep(answers[4]["data"]["retryAfterMs"] / 1000)
    assert (await viewer.ask("chat:message", {"text": "the draft that was kept"}))["event"] == "ack"
    for number in range(10):
        await creator.say(f"exempt {number}")
    await viewer.until(lambda v: len(v.texts) == 14)


async def test_a_flooded_room_is_slowed_down_for_all(show: Show, web: AsyncClient) -> None:
    accounts = await asyncio.gather(*(make_user(web) for _ in range(24)))
    viewers = await asyncio.gather(*(show.enter(account) for account in accounts))
    answers = await asyncio.gather(
        *(viewer.ask("chat:message", {"text": f"m{number}"}) for viewer in viewers for number in range(3))
    )
    refused = [answer["data"] for answer in answers if answer["event"] == "error"]
    assert refused
    assert all(data["code"] == "rate_limited" and data["retryAfterMs"] > 0 for data in refused)
    mode = await viewers[0].first("chat:mode")
    assert (mode["slowSeconds"], mode["reason"]) == (10, "flood")
    await asyncio.sleep(2.1)
    tried = [await viewers[0].ask("chat:message", {"text": "x"}) for _ in range(2)]
    assert tried[1]["event"] == "error"
    assert tried[1]["data"]["retryAfterMs"] > 2000
    assert len(viewers[0].seen("chat:mode")) == 1


async def test_one_reaction_a_second(show: Show, settings: Settings) -> None:
    viewer = await show.enter(show.viewer)
    answers = [await viewer.ask("mood:react", {"mood": "hype"}) for _ in range(2)]
    assert [answer["event"] for answer in answers] == ["ack", "error"]
    assert 0 < answers[1]["data"]["retryAfterMs"] <= 1000
    moods = [event.mood for event in recorded(settings, show.stream) if type(event).__name__ == "ReactionSent"]  # type: ignore[union-attr]
    assert moods == ["hype"]


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
    assert stuck.seqs == list(range(1, len(stuck.seqs) + 1)) or stuck.seqs[0] > 0


async def test_a_flood_of_frames_is_slowed_down_at_its_sender(show: Show) -> None:
    flood, other = await show.enter(), await show.enter(show.viewer)
    sent = 600
    began = asyncio.get_running_loop().time()
    pushing = asyncio.create_task(_push(flood, sent))
    await other.say("I am served meanwhile")
    assert asyncio.get_running_loop().time() - began < 2
    await flood.until(lambda v: len(v.answers) == sent, 30)
    await pushing
    assert asyncio.get_running_loop().time() - began > 3


async def _push(viewer: Viewer, count: int) -> None:
    for number in range(count):
        await viewer.send("nonsense", {}, number)


async def test_a_handshake_that_gives_up_leaves_nothing_behind(show: Show) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(show.url.rpartition(":")[2]))
    writer.write(
        f"GET /ws?stream={show.stream} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    writer.close()
    await writer.wait_closed()
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(f"{show.url.replace('http', 'ws', 1)}/ws/nowhere?stream={show.stream}")
    async with Viewer(show.url, show.stream) as viewer:
        assert await viewer.first("room:state")
