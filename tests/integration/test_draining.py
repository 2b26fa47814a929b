"""A gateway that stops: it says so first, then sends its clients elsewhere in batches, and nobody misses a frame."""

import asyncio
import signal
from uuid import uuid4

import httpx
import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx.engines.bus import RoomBus
from livestreamx.settings import Settings
from tests.builders import eventually, go_live, make_user
from tests.integration.followers import Follower, is_gapless
from tests.integration.gateways import GatewayProcess, Viewer, gateways

pytestmark = pytest.mark.usefixtures("farewell")


async def test_a_drain_moves_everybody_and_loses_nothing(
    settings: Settings, pair: list[GatewayProcess], web: AsyncClient, redis: AsyncRedis
) -> None:
    _, stream = await go_live(web)
    bus = RoomBus(redis)
    with gateways(settings, 1) as (leaving,):
        followers = [Follower([leaving.url, pair[0].url], stream) for _ in range(120)]
        staying = [asyncio.create_task(follower.follow("the end")) for follower in followers]

        async def all_in() -> bool:
            return all(follower.entered for follower in followers)

        await eventually(all_in, bool)
        for number in range(200):
            await bus.publish(stream, "chat:message", {"text": f"m{number}"})
            await asyncio.sleep(0.01)
            if number == 60:
                leaving.process.send_signal(signal.SIGTERM)

        async def all_moved() -> bool:
            return all(follower.drained for follower in followers)

        await eventually(all_moved, bool)
        await bus.publish(stream, "chat:message", {"text": "the end"})
        await asyncio.wait_for(asyncio.gather(*staying), 200)
        assert leaving.stop() in (0, -signal.SIGTERM)
        assert not leaving.tracebacks
    for follower in followers:
        assert is_gapless(follower.seqs)
        assert follower.recovered == [True]
        assert len(follower.drained) == 1
        place, last_seen = follower.drained[0]
        assert place == last_seen


async def test_what_was_sent_before_the_farewell_is_answered(
    settings: Settings, pair: list[GatewayProcess], web: AsyncClient
) -> None:
    """Each message is said once: here if it has an answer, else it may be sent again elsewhere."""
    creator, stream = await go_live(web)
    reader = await Viewer(pair[0].url, stream).open()
    with gateways(settings, 1) as (leaving,):
        speaker = await Viewer(leaving.url, stream).open(creator.access)
        texts = [f"{number} {uuid4()}" for number in range(40)]
        for number, text in enumerate(texts):
            await speaker.send("chat:message", {"text": text}, number)
        await speaker.until(lambda v: len(v.answers) > 3)
        leaving.process.send_signal(signal.SIGTERM)
        assert await speaker.closed() == 1012
        given = [answer for answer in speaker.answers if isinstance(answer["id"], int)]
        assert {answer["event"] for answer in given} == {"ack"}, given
        answered = [texts[answer["id"]] for answer in given]
        again = await Viewer(pair[1].url, stream).open(creator.access)
        for text in texts[len(answered) :]:
            await again.say(text)
    await reader.until(lambda v: len(v.texts) >= len(texts))
    assert reader.texts == texts


async def test_readiness_goes_first(settings: Settings, web: AsyncClient) -> None:
    """Whoever looks at `/readyz` learns of the stop while the process still takes requests."""
    _, stream = await go_live(web)
    newcomer = await make_user(web)
    with gateways(settings, 1, LSX_DRAIN_NOTICE_SECONDS="10") as (leaving,):
        viewer = await Viewer(leaving.url, stream).open()
        async with httpx.AsyncClient(base_url=leaving.url, timeout=60) as http:
            assert (await http.get("/readyz")).status_code == 200
            leaving.process.send_signal(signal.SIGTERM)

            async def readiness() -> tuple[int, str]:
                answer = await http.get("/readyz")
                return answer.status_code, answer.json().get("code", "")

            await eventually(readiness, lambda found: found == (503, "draining"))
            late = await Viewer(leaving.url, stream).open(newcomer.access)
        assert [await viewer.closed(), await late.closed()] == [1012, 1012]
        assert await viewer.first("gateway:drain")
