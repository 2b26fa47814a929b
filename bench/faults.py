"""A room of a thousand through faults: a gateway killed or drained, five deaths in a row, dead readers, abuse.

`python -m bench.faults [--viewers N] [--only abuse]`; two gateways on real engines, frames published all the while.
"""

import argparse
import asyncio
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median

import httpx
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.fanout import memory_kb
from bench.fanout_load.client import cpu_seconds
from bench.fanout_load.house import open_house
from bench.fault_loads.viewers import Viewer, quantile
from bench.fault_loads.world import Gateway, Room
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.kafka import make_topics
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.settings import Settings
from livestreamx.stack import engines_only

SECONDS, JITTER, DEATHS = 12.0, 1.0, 5
DEAD = 0.05
TURNS = 3
"""Rounds of quiet and abuse by turns: on a machine that others use as well, only their medians say something."""


class Course(msgspec.Struct, frozen=True):
    """How one run went: the delay's p99 (s), the gateway's share of a core, and by how much its memory grew (KB)."""

    p99: float
    cpu: float
    grown: int

    def __str__(self) -> str:
        return f"p99 {self.p99 * 1000:.0f} ms, {self.cpu:.0%} of a core, memory {self.grown / 1024:+.1f} MB"


class Faults:
    """The runs, each with a room of its own on the two gateways."""

    def __init__(self, settings: Settings, viewers: int) -> None:
        self._settings, self._count = settings, viewers
        self._mortal, self._other = Gateway(settings), Gateway(settings)

    @asynccontextmanager
    async def _room(self, *, comes_back: bool = True) -> AsyncIterator[Room]:
        ports = [self._mortal.port, self._other.port]
        stream = (await open_house(self._settings, 0)).stream
        redis = redis_engine.connect(self._settings.redis_url)
        viewers = [Viewer(stream, ports, JITTER if comes_back else 0.0) for _ in range(self._count)]
        try:
            yield Room(stream, viewers, redis)
        finally:
            await redis.aclose()

    async def goes(self, name: str, how: Callable[[], object]) -> list[str]:
        """The gateway where everybody is goes away in the middle of the show."""
        async with self._room() as room:
            await room.fill()
            publishing = asyncio.create_task(room.publish(SECONDS))
            await asyncio.sleep(SECONDS / 3)
            reads = await room.history_reads()
            how()
            await publishing
            await room.end()
            reads = await room.history_reads() - reads
        await asyncio.to_thread(self._mortal.process.wait)
        await asyncio.to_thread(self._mortal.start)
        return room.row(name, f"histories read: {reads}")

    async def deaths(self) -> list[str]:
        """Connections break at random, and the first gateway dies again and again."""
        async with self._room() as room:
            await room.fill()
            publishing = asyncio.create_task(room.publish(30))
            for _ in range(DEATHS):
                for viewer in random.sample(room.viewers, len(room.viewers) // 5):
                    viewer.break_off()
                await asyncio.sleep(random.uniform(0.5, 2))
                self._mortal.kill()
                await asyncio.to_thread(self._mortal.start)
            await publishing
            await room.end()
            ends = len({viewer.seqs[-1] for viewer in room.viewers})
        return room.row(f"{DEATHS} deaths and {DEATHS} breaks of a fifth", f"different ends: {ends}")

    async def _course(self, room: Room) -> Course:
        """Publish for a while and watch the gateway where everybody is."""
        pid = self._mortal.process.pid
        memory, used, began = memory_kb(pid), cpu_seconds(pid), time.monotonic()
        await room.publish(SECONDS)
        cpu = (cpu_seconds(pid) - used) / (time.monotonic() - began)
        return Course(0.0, cpu, memory_kb(pid) - memory)

    async def calm(self) -> tuple[list[str], Course]:
        """Nothing happens."""
        async with self._room(comes_back=False) as room:
            await room.fill()
            course = await self._course(room)
            await room.end()
        course = msgspec.structs.replace(course, p99=quantile(room.delays, 0.99))
        return room.row("undisturbed", str(course)), course

    async def dead_readers(self, calm: Course) -> list[str]:
        """Some stop reading; what the ring of frames takes in any run is not their doing."""
        async with self._room(comes_back=False) as room:
            await room.fill()
            before, began = memory_kb(self._mortal.process.pid), time.monotonic()
            dead = random.sample(room.viewers, int(len(room.viewers) * DEAD))
            for viewer in dead:
                viewer.stop_reading()
            watching = asyncio.create_task(self._gone(len(dead), began))
            course = await self._course(room)
            gone_after = await asyncio.wait_for(watching, 30)
            await room.end(5)
        p99, more = quantile(room.delays, 0.99), (course.grown - calm.grown) / before
        note = f"p99 {p99 / calm.p99:.2f}x, memory {more:+.1%}, all gone after {gone_after:.1f} s"
        return room.row(f"{len(dead)} dead readers", note)

    async def _gone(self, dead: int, began: float) -> float:
        """Seconds until the gateway has closed so many who read too slowly."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._mortal.port}") as http:
            while True:
                lines = (await http.get("/metrics")).text.splitlines()
                closed = [line for line in lines if line.startswith('ws_drops_total{reason="too_slow"}')]
                if closed and float(closed[0].split()[-1]) >= dead:
                    return time.monotonic() - began
                await asyncio.sleep(0.2)

    async def abused(self) -> tuple[list[str], Course]:
        """Silent, shouting, flooding and deaf clients."""
        async with self._room(comes_back=False) as room:
            await room.fill()
            with abuse(self._mortal.port, str(room.stream)):
                course = await self._course(room)
            await room.end()
        course = msgspec.structs.replace(course, p99=quantile(room.delays, 0.99))
        return room.row("abuse", str(course)), course

    async def abused_by_turns(self) -> list[list[str]]:
        """Quiet and abuse by turns, and the medians of both against each other."""
        rows: list[list[str]] = []
        quiet: list[Course] = []
        harmed: list[Course] = []
        for _ in range(TURNS):
            for run, courses in ((self.calm, quiet), (self.abused, harmed)):
                row, course = await run()
                rows.append(row)
                courses.append(course)
        times = median(one.p99 for one in harmed) / median(one.p99 for one in quiet)
        more = median(one.cpu for one in harmed) - median(one.cpu for one in quiet)
        rows.append(["abuse to quiet, medians", *[""] * 6, f"p99 {times:.2f}x, {more:+.1%} of a core"])
        return rows

    async def all(self) -> list[list[str]]:
        undisturbed, calm = await self.calm()
        return [
            undisturbed,
            await self.dead_readers(calm),
            *await self.abused_by_turns(),
            await self.goes("kill -9", self._mortal.process.kill),
            await self.goes("drain", lambda: self._mortal.process.send_signal(signal.SIGTERM)),
            await self.deaths(),
        ]

    def close(self) -> None:
        for gateway in (self._mortal, self._other):
            gateway.kill()


@contextmanager
def abuse(port: int, stream: str) -> Iterator[None]:
    """Harm from a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.fault_loads.abuse", str(port), stream], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.wait()


async def report(settings: Settings, viewers: int, *, only_abuse: bool) -> Table:
    faults = Faults(settings, viewers)
    table = Table(title=f"{viewers} viewers, back within {JITTER:.0f} s")
    for name in ("", "frames", "lost", "doubled", "not at the end", "truncated", "gap p99 s", ""):
        table.add_column(name, justify="right" if name else "left")
    try:
        for row in await (faults.abused_by_turns() if only_abuse else faults.all()):
            table.add_row(*row)
    finally:
        faults.close()
    return table


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--viewers", type=int, default=1000)
    arguments.add_argument("--only", choices=["abuse"])
    given = arguments.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as home, engines_only(Path(home)) as engines:
        migrate_postgres(engines.settings.postgres_url)
        migrate_clickhouse(engines.settings.clickhouse_url)
        make_topics(engines.settings.kafka_bootstrap)
        Console(width=160).print(uvloop.run(report(engines.settings, given.viewers, only_abuse=given.only == "abuse")))


if __name__ == "__main__":
    main()
