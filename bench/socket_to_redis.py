"""From a viewer's socket to the numbers in Redis, through the whole platform under load and after a kill of its flows.

`python -m bench.socket_to_redis [--rate N] [--seconds N] [--kills N]`; the load is chat over sockets, its client on the
same cores.
"""

import argparse
import asyncio
import itertools
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.day_platform import whole_platform
from livestreamx import keys
from livestreamx.client import Account, Refused, Room, Unanswered
from livestreamx.stack import Platform

ROOMS, TALKERS = 5, 8
LOOK_SECONDS = 0.001
PAUSE_SECONDS = 0.02


class Load:
    """People in several rooms who together say `rate` messages a second, each sent at its time, answered or not."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self.said = self.refused = 0
        self._rooms: list[Room] = []

    async def come(self, platform: Platform, http: httpx.AsyncClient) -> None:
        """Open the rooms."""
        for _ in range(ROOMS):
            _, stream = await go_live(http)
            for _ in range(TALKERS):
                room = Room(platform.url, stream, await person(http), channels="gifts")
                await room.open()
                self._rooms.append(room)

    async def talk(self) -> None:
        """Until cancelled."""
        began, turns = time.perf_counter(), itertools.cycle(self._rooms)
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await asyncio.sleep(max(0.0, began + number / self._rate - time.perf_counter()))
                group.create_task(self._say(next(turns)))

    async def _say(self, room: Room) -> None:
        try:
            await room.ask("chat:message", text=f"what a run {secrets.token_hex(4)}")
        except (Refused, Unanswered, TimeoutError):
            self.refused += 1
        else:
            self.said += 1

    async def leave(self) -> None:
        """Close the sockets."""
        await asyncio.gather(*(room.close() for room in self._rooms))


async def person(http: httpx.AsyncClient) -> Account:
    return await Account.register(http, f"load_{secrets.token_hex(6)}", secrets.token_urlsafe(12))


async def go_live(http: httpx.AsyncClient) -> tuple[Account, str]:
    creator = await person(http)
    await creator.become_creator()
    return creator, await creator.go_live("Measured", category="Talk", tags=[])


async def counted(redis: Redis, stream: str, number: int) -> None:
    """Wait until so many messages of a stream are in its totals."""
    while int(await redis.hget(keys.stream_metrics(stream), "messages") or 0) < number:
        await asyncio.sleep(LOOK_SECONDS)


async def delays(platform: Platform, redis: Redis, rate: float, seconds: float) -> tuple[list[float], float]:
    """From sending a message to its count (s), one after the other beside a load; and the load that there was."""
    found: list[float] = []
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as http:
        load = Load(rate)
        await load.come(platform, http)
        _, stream = await go_live(http)
        async with Room(platform.url, stream, await person(http), channels="gifts") as room:
            talking = asyncio.create_task(load.talk())
            await asyncio.sleep(2)
            before, began = load.said, time.perf_counter()
            while time.perf_counter() < began + seconds:
                sent = time.perf_counter()
                asked = asyncio.create_task(room.ask("chat:message", text=secrets.token_hex(6)))
                await counted(redis, stream, len(found) + 1)
                found.append(time.perf_counter() - sent)
                await asyncio.gather(asked, asyncio.sleep(PAUSE_SECONDS))
            made = (load.said - before) / (time.perf_counter() - began)
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            await load.leave()
    return sorted(found), made


async def restarts(platform: Platform, redis: Redis, kills: int) -> list[float]:
    """From kill -9 of the dataflows to the count of what was said while they were away (s)."""
    found: list[float] = []
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as http:
        _, stream = await go_live(http)
        async with Room(platform.url, stream, await person(http), channels="gifts") as room:
            for number in range(1, kills + 1):
                began, killed = time.perf_counter(), platform.kill("dataflows")
                await room.ask("chat:message", text=secrets.token_hex(6))
                await counted(redis, stream, number)
                found.append(time.perf_counter() - began)
                await asyncio.to_thread(platform.wait_back, "dataflows", killed)
    return sorted(found)


async def measure(platform: Platform, asked: argparse.Namespace) -> Table:
    """All of it as a table."""
    table = Table("what", "value", title="Through the whole platform")
    async with Redis.from_url(platform.settings.redis_url) as redis:
        for rate in (100.0, asked.rate):
            found, made = await delays(platform, redis, rate, asked.seconds)
            p50, p99 = statistics.median(found), found[int(len(found) * 0.99)]
            table.add_row(f"socket to Redis at {made:,.0f} acts/s", f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")
            print(f"{made:.0f}/s: {p50 * 1e3:.1f} {p99 * 1e3:.1f} of {len(found)}", file=sys.stderr)
        again = await restarts(platform, redis, asked.kills)
        value = f"median {statistics.median(again):.2f} s, longest {again[-1]:.2f} s"
        table.add_row("kill -9 of the dataflows to the next count", value)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--kills", type=int, default=9)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, whole_platform(Path(folder)) as (platform, _):
        Console().print(asyncio.run(measure(platform, asked)))


if __name__ == "__main__":
    main()
