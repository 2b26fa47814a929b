"""One room full of viewers on one gateway: deliveries a second, delay from the bus to the socket, memory a connection.

`python -m bench.fanout [--viewers N] [--seconds S]`; every viewer must have got every frame.
"""

import argparse
import asyncio
import multiprocessing
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from livestreamx.clock import uuid7
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.kafka import make_topics
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.engines.postgres import make_pool, transaction
from livestreamx.settings import Settings
from livestreamx.stack import engines_only

RATES = (10, 50, 100, 200, 400)
SENT_AT = re.compile(rb'"sentNs":(\d+)')
TEXT = "x" * 100
DRAIN_SECONDS = 5.0


class Crowd:
    """Viewers that only read, in a process of their own: counts frames and how long each took."""

    def __init__(self, port: int, stream: UUID, viewers: int) -> None:
        self._poll = selectors.EpollSelector()
        self._left: dict[socket.socket, bytes] = {}
        request = (
            f"GET /ws?stream={stream}&channels=chat HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
        for _ in range(viewers):
            viewer = socket.create_connection(("127.0.0.1", port))
            viewer.sendall(request)
            viewer.setblocking(False)
            self._poll.register(viewer, selectors.EVENT_READ)
            self._left[viewer] = b""

    def read(self, frames: int, until: float) -> list[int]:
        """The delays (ns) of so many frames, or of those that came in time."""
        delays: list[int] = []
        while len(delays) < frames and time.monotonic() < until:
            for key, _ in self._poll.select(0.1):
                viewer = key.fileobj
                assert isinstance(viewer, socket.socket)
                data = self._left[viewer] + viewer.recv(1 << 18)
                found, end = time.time_ns(), 0
                for match in SENT_AT.finditer(data):
                    delays.append(found - int(match[1]))
                    end = match.end()
                self._left[viewer] = data[max(end, len(data) - 40) :]
        return delays


def attend(port: int, stream: UUID, viewers: int, pipe: Connection) -> None:
    """Serve the main process: told how many frames to expect and for how long, it answers with their delays."""
    crowd = Crowd(port, stream, viewers)
    crowd.read(1, time.monotonic() + 2)
    pipe.send("ready")
    while order := pipe.recv():
        frames, seconds = order
        pipe.send(sorted(crowd.read(frames * viewers, time.monotonic() + seconds)))


def memory_kb(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def make_show(settings: Settings) -> UUID:
    """A live stream."""
    pool = make_pool(settings.postgres_url)
    await pool.open()
    try:
        async with transaction(pool) as db:
            user, stream = uuid7(), uuid7()
            await db.execute("INSERT INTO users (id, handle) VALUES (%s, %s)", (user, f"b{user.hex[-12:]}"))
            await db.execute(
                "INSERT INTO streams (id, creator_id, title, status, started_at) "
                "VALUES (%s, %s, 'Bench', 'live', now())",
                (stream, user),
            )
        return stream
    finally:
        await pool.close()


async def publish(settings: Settings, stream: UUID, rate: int, seconds: float) -> int:
    """Frames at a steady rate; how many."""
    redis = redis_engine.connect(settings.redis_url)
    bus, count = RoomBus(redis), int(rate * seconds)
    began = time.monotonic()
    for number in range(count):
        await bus.publish(stream, "chat:message", {"text": TEXT, "sentNs": time.time_ns()})
        await asyncio.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))
    await redis.aclose()
    return count


def serve(settings: Settings) -> tuple[subprocess.Popen[str], int]:
    """A gateway on these engines, and its port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    names = ("home", "postgres_url", "redis_url", "kafka_bootstrap", "clickhouse_url", "signing_key")
    env = {**os.environ, **{f"LSX_{name.upper()}": str(getattr(settings, name)) for name in names}}
    process = subprocess.Popen(
        [sys.executable, "-m", "api"], env={**env, "LSX_PORT": str(port)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process, port


def measure(settings: Settings, viewers: int, seconds: float) -> Table:
    """One row a rate."""
    gateway, port = serve(settings)
    ours, theirs = multiprocessing.Pipe()
    stream, before = asyncio.run(make_show(settings)), memory_kb(gateway.pid)
    crowd = multiprocessing.get_context("spawn").Process(target=attend, args=(port, stream, viewers, theirs))
    crowd.start()
    try:
        assert ours.recv() == "ready"
        each = (memory_kb(gateway.pid) - before) / viewers
        table = Table(title=f"Fan-out to {viewers} viewers of one gateway, {each:.1f} KB each")
        for name in ("messages/s", "deliveries/s", "p50 ms", "p99 ms", "lost"):
            table.add_column(name, justify="right")
        for rate in RATES:
            ours.send((int(rate * seconds), seconds + DRAIN_SECONDS))
            began = time.monotonic()
            sent = asyncio.run(publish(settings, stream, rate, seconds))
            delays = ours.recv()
            took, lost = time.monotonic() - began, sent * viewers - len(delays)
            middle, late = delays[len(delays) // 2] / 1e6, delays[int(len(delays) * 0.99)] / 1e6
            table.add_row(str(rate), f"{len(delays) / took:,.0f}", f"{middle:.1f}", f"{late:.1f}", str(lost))
        return table
    finally:
        ours.send(None)
        crowd.join(10)
        gateway.terminate()
        gateway.wait(20)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--viewers", type=int, default=1000)
    arguments.add_argument("--seconds", type=float, default=5)
    given = arguments.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as home, engines_only(Path(home)) as engines:
        migrate_postgres(engines.settings.postgres_url)
        migrate_clickhouse(engines.settings.clickhouse_url)
        make_topics(engines.settings.kafka_bootstrap)
        Console().print(measure(engines.settings, given.viewers, given.seconds))


if __name__ == "__main__":
    main()
