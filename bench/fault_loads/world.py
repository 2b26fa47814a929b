"""What the fault runs share: gateways that can die, and a room that is filled, talked to and counted."""

import asyncio
import os
import subprocess
import sys
import time
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from bench.fanout import free_port
from bench.fault_loads.viewers import Viewer, quantile
from livestreamx.engines.bus import RoomBus
from livestreamx.settings import Settings
from livestreamx.stack.plan import environment

RATE = 50
TEXT = "x" * 2000


class Gateway:
    """`python -m api` on one port, as often as it is started."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        self._env = {**os.environ, **environment(settings), "LSX_PORT": str(self.port), "LSX_RATE_LIMITS": "off"}
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api"],
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Room(msgspec.Struct):
    """One run's room: who is in it, and what its frames go through."""

    stream: UUID
    viewers: list[Viewer]
    redis: AsyncRedis

    async def fill(self) -> None:
        """Let everybody in, fifty at a time."""
        for begin in range(0, len(self.viewers), 50):
            batch = self.viewers[begin : begin + 50]
            await asyncio.gather(*(viewer.enter() for viewer in batch))
            await asyncio.gather(*(viewer.entered.wait() for viewer in batch))

    async def publish(self, seconds: float) -> None:
        """A steady stream of chat."""
        bus, began, number = RoomBus(self.redis), time.monotonic(), 0
        while time.monotonic() - began < seconds:
            await bus.publish(self.stream, "chat:message", {"text": TEXT, "sentNs": time.time_ns()})
            number += 1
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))

    async def end(self, seconds: float = 60) -> None:
        """One last frame, which everybody gets who still reads."""
        await RoomBus(self.redis).publish(self.stream, "chat:message", {"text": "the end"})
        ends = [asyncio.create_task(viewer.ended.wait()) for viewer in self.viewers]
        _, never = await asyncio.wait(ends, timeout=seconds)
        for end in never:
            end.cancel()
        for viewer in self.viewers:
            viewer.leave()

    async def history_reads(self) -> int:
        """How often any gateway has read the frames of a room, rather than followed them."""
        stats = await self.redis.info("commandstats")
        return int(stats.get("cmdstat_xrevrange", {}).get("calls", 0))

    @property
    def delays(self) -> list[float]:
        """Seconds from publishing to delivery, of those who got everything."""
        return [delay for viewer in self.viewers if viewer.ended.is_set() for delay in viewer.delays]

    def row(self, name: str, note: str) -> list[str]:
        """What its viewers have to say, for the table."""
        faults = [viewer.faults for viewer in self.viewers if viewer.ended.is_set()]
        missing = sum(not viewer.ended.is_set() for viewer in self.viewers)
        gaps = [gap for viewer in self.viewers for gap in viewer.gaps]
        return [
            name,
            f"{sum(len(viewer.seqs) for viewer in self.viewers):,}",
            str(sum(lost for lost, _ in faults)),
            str(sum(wrong for _, wrong in faults)),
            str(missing),
            str(sum(viewer.truncated for viewer in self.viewers)),
            f"{quantile(gaps, 0.99):.2f}" if gaps else "",
            note,
        ]
