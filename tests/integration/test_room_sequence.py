"""The frames of a room: one sequence for every view and encoding, and resuming in it without a silent gap."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis as AsyncRedis

from livestreamx.clock import now
from livestreamx.engines.bus import RoomBus
from livestreamx.frames import MSGPACK, PUBLIC_CHANNELS
from livestreamx.settings import Settings
from tests.integration.gateways import Viewer, gateways
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")


def published(viewer: Viewer) -> list[int]:
    """The seqs of what the test put into the room, among which its count of viewers may come at any moment."""
    return [frame["seq"] for frame in viewer.frames if frame["data"].get("text") == "any"]


async def test_views_and_channels_show_their_part_of_the_same_sequence(show: Show, redis: AsyncRedis) -> None:
    bus = RoomBus(redis)
    everything = await show.enter()
    views = {
        path: await show.enter(path=path) for path in ("/ws/chat", "/ws/gifts", "/ws/mood", "/ws/polls", "/ws/studio")
    }
    narrowed = await show.enter(channels="mood,leaderboard")
    for event in ("chat:message", "gift:received", "mood:state", "leaderboard:update", "chat:message"):
        await bus.publish(show.stream, event, {"text": "any"})
    await everything.until(lambda v: len(published(v)) == 5)
    all_seqs = published(everything)
    assert everything.seqs == list(range(everything.seqs[0], everything.seqs[0] + len(everything.seqs)))
    expected = {"/ws/chat": [0, 4], "/ws/gifts": [1], "/ws/mood": [2], "/ws/polls": [], "/ws/studio": [0, 1, 2, 3, 4]}
    for path, places in expected.items():
        count = len(places)
        await views[path].until(lambda v, n=count: len(published(v)) == n)
        assert published(views[path]) == [all_seqs[place] for place in places]
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
    await speaker.until(lambda v: v.texts[-1:] == ["away 4"])
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


async def test_frames_older_than_the_history_lasts_are_not_replayed(
    settings: Settings, show: Show, redis: AsyncRedis
) -> None:
    bus = RoomBus(redis)
    with gateways(settings, 1, LSX_HISTORY_SECONDS="60") as (gateway,):
        first = await Viewer(gateway.url, show.stream).open()
        state = await first.first("room:state")
        for text, minutes in (("old", 2), ("young", 0)):
            await bus.publish(show.stream, "chat:message", {"text": text}, at=now() - timedelta(minutes=minutes))
        await first.until(lambda v: v.texts == ["old", "young"])
        old = next(frame["seq"] for frame in first.frames if frame["event"] == "chat:message")
        for seq, recovered in ((old, True), (state["seq"], False)):
            back = await Viewer(gateway.url, show.stream, epoch=state["epoch"], seq=seq).open()
            await back.first("room:state")
            assert bool(back.seen("resume:truncated")) is not recovered
