"""From a viewer's socket to the numbers in Redis, through the whole platform under load and after a kill of its flows.

`python -m bench.socket_to_redis [--rate N] [--seconds N] [--kills N]`: so many people react once a second, each over a
socket; a few more, each alone in a room, wait until theirs is counted. They are on the same cores.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import uvloop
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from bench.day_platform import whole_platform
from domain.accounts.tokens import AccessTokens
from livestreamx import keys
from livestreamx.client import Account, Refused, Room, Unanswered
from livestreamx.events import MOODS
from livestreamx.stack import Platform
from livestreamx.stack.supervisor import DEATHS_SECONDS, MOST_DEATHS

ROOMS, PROBES = 20, 20
AT_ONCE = 25
TURN_SECONDS = 1.1
"""A person may react once a second."""
LOOK_SECONDS = 0.002
BETWEEN_DEATHS_SECONDS = DEATHS_SECONDS / (MOST_DEATHS - 1)
"""A part that dies five times within a minute ends its platform."""
SETTLE_SECONDS = 3
PEOPLE = "INSERT INTO users (handle, roles) SELECT 'load_' || n, '{viewer}' FROM generate_series(1, %s) n RETURNING id"
STREAMS = """
WITH owners AS (
    INSERT INTO users (handle, roles)
    SELECT 'owner_' || n, '{viewer,creator}' FROM generate_series(1, %s) AS n RETURNING id)
INSERT INTO streams (creator_id, title, status, started_at)
SELECT id, 'Measured', 'live', now() FROM owners RETURNING id
"""


class Crowd:
    """People with a socket each, who react in turn; those at the end of the list are alone in their rooms."""

    def __init__(self, platform: Platform, http: httpx.AsyncClient, people: int) -> None:
        tokens = AccessTokens(platform.settings.signing_key, 60)
        with psycopg.connect(platform.settings.postgres_url) as db:
            ids = [row[0] for row in db.execute(PEOPLE, (people + PROBES,))]
            self.streams = [str(row[0]) for row in db.execute(STREAMS, (ROOMS + PROBES,))]
        self._rooms: list[Room] = []
        for number, user in enumerate(ids):
            handle = f"load_{number + 1}"
            access = tokens.issue(user, handle, ("viewer",), uuid4())
            account = Account(
                http, handle, {"user": {"id": str(user)}, "access": access, "refresh": "", "expiresIn": 3600}
            )
            stream = self.streams[number % ROOMS if number < people else ROOMS + number - people]
            self._rooms.append(Room(platform.url, stream, account, channels="gifts"))
        self.said = self.refused = 0
        self.answers: list[float] = []
        """How long those who are alone waited for an answer (s)."""

    @property
    def first_alone(self) -> tuple[Room, str]:
        """Somebody alone in a room, and its stream."""
        return self._rooms[-PROBES], self.streams[-PROBES]

    async def come(self) -> None:
        """Open every socket."""
        for start in range(0, len(self._rooms), AT_ONCE):
            await asyncio.gather(*(room.open(60) for room in self._rooms[start : start + AT_ONCE]))

    async def leave(self) -> None:
        """Close every socket."""
        await asyncio.gather(*(room.close() for room in self._rooms))

    async def react_often(self) -> None:
        """The load; until cancelled."""
        async with asyncio.TaskGroup() as group:
            for room in self._rooms[:-PROBES]:
                group.create_task(self._react_often(room))

    async def _react_often(self, room: Room) -> None:
        await asyncio.sleep(random.random() * TURN_SECONDS)
        while True:
            await asyncio.gather(self._react(room), asyncio.sleep(TURN_SECONDS))

    async def _react(self, room: Room) -> None:
        try:
            await room.ask("mood:react", mood=random.choice(MOODS))
        except (Refused, Unanswered, TimeoutError):
            self.refused += 1
        else:
            self.said += 1

    async def probe(self, redis: Redis, seconds: float) -> list[float]:
        """From sending a reaction to its count (s), of all who are alone."""
        alone = zip(self._rooms[-PROBES:], self.streams[-PROBES:], strict=True)
        found = await asyncio.gather(*(self._probe(redis, room, stream, seconds) for room, stream in alone))
        return [delay for some in found for delay in some]

    async def _probe(self, redis: Redis, room: Room, stream: str, seconds: float) -> list[float]:
        await asyncio.sleep(random.random() * TURN_SECONDS)
        found: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            delay, *_ = await asyncio.gather(self.counted(redis, room, stream), asyncio.sleep(TURN_SECONDS))
            found.append(delay)
        return found

    async def counted(self, redis: Redis, room: Room, stream: str) -> float:
        """React and wait until it is counted; how long that took (s). Whoever reacts too soon does it again."""
        while True:
            before, began = await reactions(redis, stream), time.perf_counter()
            asked = asyncio.create_task(self._acknowledged(room))
            while await reactions(redis, stream) == before:
                if asked.done() and asked.exception() is not None:
                    break
                await asyncio.sleep(LOOK_SECONDS)
            else:
                took = time.perf_counter() - began
                self.answers.append(await asked - began)
                return took
            await asyncio.sleep(TURN_SECONDS)

    async def _acknowledged(self, room: Room) -> float:
        """React; when the answer came."""
        await room.ask("mood:react", 60, mood="joy")
        return time.perf_counter()


async def reactions(redis: Redis, stream: str) -> int:
    """The reactions of a stream that are in its totals."""
    return int(await redis.hget(keys.stream_metrics(stream), "reactions") or 0)


async def under_load(redis: Redis, crowd: Crowd, seconds: float) -> tuple[list[float], float]:
    """Delays (s) beside the load, sorted, and the acts a second that there were."""
    load = asyncio.create_task(crowd.react_often())
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = crowd.said, time.perf_counter()
    found = await crowd.probe(redis, seconds)
    made = (crowd.said - before + len(found)) / (time.perf_counter() - began)
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)
    return sorted(found), made


async def restarts(platform: Platform, redis: Redis, crowd: Crowd, kills: int, *, both: bool = False) -> list[float]:
    """From kill -9 of the dataflows to the next count, of what was said right after it (s).

    With `both`, the process that stands by is killed just before them, so that they start from nothing.
    """
    found: list[float] = []
    for _ in range(kills):
        standby = await asyncio.to_thread(platform.wait_standby, "dataflows")
        await asyncio.sleep(BETWEEN_DEATHS_SECONDS * (2 if both else 1))
        if both:
            os.kill(standby, signal.SIGKILL)
        began, killed = time.perf_counter(), platform.kill("dataflows")
        await crowd.counted(redis, *crowd.first_alone)
        found.append(time.perf_counter() - began)
        await asyncio.to_thread(platform.wait_back, "dataflows", killed)
    return sorted(found)


async def measure(platform: Platform, asked: argparse.Namespace) -> Table:
    """All of it as a table."""
    table = Table("what", "value", title="Through the whole platform")
    people = int(asked.rate * TURN_SECONDS)
    async with Redis.from_url(platform.settings.redis_url) as redis, httpx.AsyncClient() as http:
        crowd = Crowd(platform, http, people)
        await crowd.come()
        found, made = await under_load(redis, crowd, asked.seconds)
        p50, p99 = statistics.median(found), found[int(len(found) * 0.99)]
        table.add_row(f"socket to Redis at {made:,.0f} acts/s", f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")
        print(
            f"{made:.0f}/s: {p50 * 1e3:.1f} {p99 * 1e3:.1f} of {len(found)}; refused {crowd.refused}", file=sys.stderr
        )
        for both, what in ((False, "kill -9 of the dataflows"), (True, "the same with the process that stands by")):
            again = await restarts(platform, redis, crowd, asked.kills, both=both)
            value = f"median {statistics.median(again):.2f} s, longest {again[-1]:.2f} s"
            table.add_row(f"{what} to the next count", value)
            print(what, [round(seconds, 2) for seconds in again], file=sys.stderr)
        await crowd.leave()
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--kills", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, whole_platform(Path(folder)) as (platform, _):
        Console().print(uvloop.run(measure(platform, asked)))  # for it shares the cores with what it measures


if __name__ == "__main__":
    main()
