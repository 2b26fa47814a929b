"""Fan-out of our gateway beside Socket.IO 4 on Node and a C loop of send(): one load client, one core for each server.

`python -m bench.fanout [--seconds S]`; ours runs with everything on: accounts, presence, numbering, the bus in Redis.
"""

import argparse
import asyncio
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.fanout_load.build import Tools, build, cache
from bench.fanout_load.client import CLIENT_CORE, STAMP, Crowd, Load, Phase, serving
from bench.fanout_load.house import House, open_house
from livestreamx.engines.kafka import make_topics
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.settings import Settings
from livestreamx.stack import engines_only
from livestreamx.stack.plan import environment

VIEWERS, MANY_VIEWERS = 1000, 5000
FRAME_BYTES = 200
WINDOW = 8
WARM_UP = 50
UNLIMITED = {"LSX_CHAT_BURST": "1000000", "LSX_ROOM_MESSAGES_PER_SECOND": "1000000", "LSX_RATE_LIMITS": "off"}
FEW_TIMES, MANY_TIMES = 60, 20
"""Goals of the coalesced runs: so many times Socket.IO's deliveries, to the few and to the many viewers."""
SHARES = (1.0, 0.75, 0.5, 0.25)
"""Of such a goal: tried from the top until the delay holds."""
FEW_MS, MANY_MS = 50.0, 150.0


class Run(msgspec.Struct):
    """What one server did for one crowd: memory of each connection (KB), and its phases by name."""

    kilobytes: float
    phases: dict[str, Phase] = {}


class Coalesced(msgspec.Struct, frozen=True):
    """So many times the peer's deliveries while the delay held (0 for none), how that went, KB of each connection."""

    times: float
    phase: Phase
    kilobytes: float


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def memory_kb(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


class Bench:
    """The programs, the stream, and a folder for what the load client reads."""

    def __init__(self, tools: Tools, house: House, folder: Path, seconds: float) -> None:
        self._tools, self._house, self._folder, self.seconds = tools, house, folder, seconds

    @contextmanager
    def socketio(self, viewers: int) -> Iterator[tuple[Load, Run]]:
        text = f'{{"text":"{STAMP} '.ljust(FRAME_BYTES - 4 - len('42["chat",]"}'), "~") + '"}'
        crowd = Crowd(
            path="/socket.io/?EIO=4&transport=websocket",
            message=f'42["chat",{text}]'.encode(),
            hello=["40"] * viewers,
            ready='40{"sid"',
        )
        with self._crowded(self._tools.socketio, crowd, viewers) as found:
            yield found

    @contextmanager
    def loop(self, viewers: int) -> Iterator[tuple[Load, Run]]:
        crowd = Crowd(path="/", message=f"{STAMP} ".ljust(FRAME_BYTES - 4, "~").encode())
        with self._crowded(self._tools.loop, crowd, viewers) as found:
            yield found

    @contextmanager
    def gateway(self, viewers: int, *, chat: bool = False, coalesce: bool = True) -> Iterator[tuple[Load, Run]]:
        """Ours; `chat` has the viewers speak themselves, through limits and event log, instead of other gateways."""
        crowd = self._house.through_chat() if chat else self._house.through_bus(FRAME_BYTES)
        variables = {**environment(self._house.settings), **UNLIMITED, "LSX_COALESCE": "on" if coalesce else "off"}
        with self._crowded([sys.executable, "-m", "api"], crowd, viewers, **variables) as found:
            yield found

    @contextmanager
    def _crowded(self, command: list[str], crowd: Crowd, viewers: int, **variables: str) -> Iterator[tuple[Load, Run]]:
        port = free_port()
        if "LSX_COALESCE" in variables:
            variables["LSX_PORT"] = str(port)
        else:
            command = [*command, str(port)]
        with serving(command, port, self._folder / "server.log", **variables) as server:
            with Load(self._tools.load, server, WARM_UP, crowd, self._folder):
                pass  # what a server loads for its first clients is not the price of a connection
            before = memory_kb(server.pid)
            with Load(self._tools.load, server, viewers, crowd, self._folder) as load:
                assert load.opened.ready == viewers, load.opened
                yield load, Run((memory_kb(server.pid) - before) / viewers)


def fastest(load: Load, seconds: float) -> Phase:
    """The better of two closed loops."""
    return max((load.closed(WINDOW, seconds) for _ in range(2)), key=lambda phase: phase.deliveries)


def one_at_a_time(bench: Bench) -> dict[str, Run]:
    """Every server with a write for each message and viewer, as fast as it goes, then all at the peer's half."""
    runs: dict[str, Run] = {}
    for name, server in (
        ("Socket.IO", bench.socketio(VIEWERS)),
        ("C loop", bench.loop(VIEWERS)),
        ("ours", bench.gateway(VIEWERS, coalesce=False)),
        ("ours, as chat", bench.gateway(VIEWERS, chat=True, coalesce=False)),
        ("ours, coalescing", bench.gateway(VIEWERS)),
    ):
        with server as (load, run):
            runs[name] = run
            if name != "ours, coalescing":
                run.phases["fastest"] = fastest(load, bench.seconds)
            half = runs["Socket.IO"].phases["fastest"].deliveries / VIEWERS / 2
            run.phases["half"] = load.open(half, bench.seconds)
    return runs


def coalesced(bench: Bench, viewers: int, peer: float, times: float, most_ms: float) -> Coalesced:
    """The largest share of `times` the peer's deliveries a second at which the delay holds."""
    with bench.gateway(viewers) as (load, run):
        load.open(peer / viewers, 1)
        for share in SHARES:
            phase = load.open(peer * times * share / viewers, bench.seconds)
            if not phase.lost and phase.p99 <= most_ms:
                return Coalesced(share * times, phase, run.kilobytes)
    return Coalesced(0.0, phase, run.kilobytes)


def phases_table(runs: dict[str, Run]) -> Table:
    table = Table(title=f"{VIEWERS} viewers, {FRAME_BYTES} bytes a frame, one write for each message and viewer")
    columns = ("", "deliveries/s", "CPU us each", "p99 ms", "at half of Socket.IO's: p50", "p99", "KB a connection")
    for name in columns:
        table.add_column(name, justify="right" if name else "left")
    for name, run in runs.items():
        most, half = run.phases.get("fastest"), run.phases["half"]
        shown = (f"{most.deliveries:,.0f}", f"{most.cpu_us:.2f}", f"{most.p99:.0f}") if most else ("", "", "")
        table.add_row(name, *shown, f"{half.p50:.1f}", f"{half.p99:.1f}", f"{run.kilobytes:.1f}")
    return table


def goals_table(runs: dict[str, Run], few: Coalesced, many: Coalesced, peers_many: float) -> Table:
    """Each goal with what was reached; `peers_many` is Socket.IO's memory of each of the many connections (KB)."""
    peer, loop, ours = (runs[name].phases["fastest"] for name in ("Socket.IO", "C loop", "ours"))
    calm, theirs = runs["ours, coalescing"].phases["half"], runs["Socket.IO"].phases["half"]
    rows = [
        ("one at a time, against Socket.IO", 2.2, ours.deliveries / peer.deliveries, True),
        ("one at a time, against the C loop", 0.9, ours.deliveries / loop.deliveries, True),
        ("the same in CPU time, against Socket.IO", 2.2, peer.cpu_us / ours.cpu_us, True),
        ("the same in CPU time, against the C loop", 0.9, loop.cpu_us / ours.cpu_us, True),
        (f"coalesced, {VIEWERS} viewers, p99 <= {FEW_MS:.0f} ms", FEW_TIMES, few.times, True),
        (f"coalesced, {MANY_VIEWERS} viewers, p99 <= {MANY_MS:.0f} ms", MANY_TIMES, many.times, True),
        ("p99 at the same load, against Socket.IO", 0.5, calm.p99 / theirs.p99, False),
        (f"memory of each of {VIEWERS}", 0.2, runs["ours"].kilobytes / runs["Socket.IO"].kilobytes, False),
        (f"memory of each of {MANY_VIEWERS}", 0.2, many.kilobytes / peers_many, False),
    ]
    table = Table(title="Goals")
    for name in ("", "goal", "reached", ""):
        table.add_column(name, justify="right" if name else "left")
    for what, goal, reached, at_least in rows:
        met = reached >= goal if at_least else reached <= goal
        table.add_row(what, f"{'>=' if at_least else '<='} {goal:g}x", f"{reached:.2f}x", "met" if met else "missed")
    for viewers, one in ((VIEWERS, few), (MANY_VIEWERS, many)):
        phase = one.phase
        told = f"  {viewers}: {phase.deliveries:,.0f}/s, p50 {phase.p50:.0f}, p99 {phase.p99:.0f} ms"
        table.add_row(f"{told}, {one.kilobytes:.1f} KB each", "", "", "")
    table.add_row(f"  {MANY_VIEWERS} with Socket.IO: {peers_many:.1f} KB each", "", "", "")
    return table


def compare(settings: Settings, tools: Tools, folder: Path, seconds: float) -> list[Table]:
    house = asyncio.run(open_house(settings, MANY_VIEWERS))
    bench = Bench(tools, house, folder, seconds)
    runs = one_at_a_time(bench)
    peer = runs["Socket.IO"].phases["fastest"].deliveries
    few = coalesced(bench, VIEWERS, peer, FEW_TIMES, FEW_MS)
    many = coalesced(bench, MANY_VIEWERS, peer, MANY_TIMES, MANY_MS)
    with bench.socketio(MANY_VIEWERS) as (_, run):
        return [phases_table(runs), goals_table(runs, few, many, run.kilobytes)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5)
    given = arguments.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    tools = build(cache())
    os.sched_setaffinity(0, {CLIENT_CORE})  # and the engines: the server under test has its core for itself
    with tempfile.TemporaryDirectory() as home, engines_only(Path(home)) as engines:
        migrate_postgres(engines.settings.postgres_url)
        migrate_clickhouse(engines.settings.clickhouse_url)
        make_topics(engines.settings.kafka_bootstrap)
        for table in compare(engines.settings, tools, Path(home), given.seconds):
            Console(width=110).print(table)


if __name__ == "__main__":
    main()
