"""Viewers whose connections break at random, over two gateways of which one dies again and again: all end alike."""

import asyncio
import random

from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx.engines.bus import RoomBus
from livestreamx.settings import Settings
from tests.builders import eventually, go_live
from tests.integration.followers import Follower, is_gapless
from tests.integration.gateways import GatewayProcess, gateways

VIEWERS, BREAKS, KILLS = 20, 30, 2


async def test_thirty_breaks_and_two_kills_leave_everybody_with_the_same_sequence(
    settings: Settings, pair: list[GatewayProcess], web: AsyncClient, redis: AsyncRedis
) -> None:
    _, stream = await go_live(web)
    bus, dice = RoomBus(redis), random.Random(4)
    with gateways(settings, 1) as victims:
        urls = [victims[0].url, pair[0].url]
        followers = [Follower(urls if number % 2 else urls[::-1], stream) for number in range(VIEWERS)]
        staying = [asyncio.create_task(follower.follow("the end")) for follower in followers]

        async def all_in() -> bool:
            return all(follower.entered for follower in followers)

        await eventually(all_in, bool)
        published = asyncio.create_task(replay(bus, stream))
        breaking = asyncio.create_task(break_off(followers, dice))
        for _ in range(KILLS):
            await asyncio.sleep(1)
            victims[-1].kill()
            again = GatewayProcess(settings, LSX_PORT=str(victims[0].port))
            victims.append(again)
            await asyncio.to_thread(again.wait)
        await breaking
        published.cancel()
        await asyncio.gather(published, return_exceptions=True)
        await bus.publish(stream, "chat:message", {"text": "the end"})
        await asyncio.wait_for(asyncio.gather(*staying), 200)
    ends = {follower.seqs[-1] for follower in followers}
    assert len(ends) == 1
    first = max(follower.seqs[0] for follower in followers)
    texts = [[f["data"] for f in follower.frames if f["seq"] >= first] for follower in followers]
    assert all(one == texts[0] for one in texts)
    assert sum(len(follower.recovered) for follower in followers) >= BREAKS
    for follower in followers:
        assert is_gapless(follower.seqs)
        assert all(follower.recovered)


async def replay(bus: RoomBus, stream: str) -> None:
    """Chat at the pace of a lively stream, until cancelled."""
    number = 0
    while True:
        await bus.publish(stream, "chat:message", {"text": f"m{number}"})
        number += 1
        await asyncio.sleep(0.1)


async def break_off(followers: list[Follower], dice: random.Random) -> None:
    """Cut connections that stand, at random moments."""
    broken = 0
    while broken < BREAKS:
        broken += dice.choice(followers).break_off()
        await asyncio.sleep(dice.uniform(0.05, 0.5))
