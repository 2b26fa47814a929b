"""How long the platform takes to start, cold and warm, and what it holds in memory when idle, per part and in all.

`python -m bench.stack [--engines]`; the peer is the goal: warm start under 15 s, idle under 2.5 GB.
"""

import argparse
import re
import socket
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from livestreamx.stack import EmbeddedEngines, Platform
from livestreamx.stack.plan import ENGINES

GOAL_SECONDS, GOAL_BYTES = 15.0, 2.5e9
IDLE_SECONDS = 5.0
LINE = re.compile(r"✓ (\S+)\s+([\d.]+) s")


def memory(*pids: int) -> tuple[int, int]:
    """Bytes of processes and their descendants: proportional set size, and resident set size.

    The first divides shared pages among all who map them, also strangers; the second counts them in each process, so
    the truth on an otherwise empty machine lies between, near the first.
    """
    tree = {process.pid: process for pid in pids for process in (psutil.Process(pid), *children(pid))}
    sizes = [process.memory_full_info() for process in tree.values()]
    return sum(size.pss for size in sizes), sum(size.rss for size in sizes)


def children(pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    return found


def measure_platform(home: Path, demo: bool) -> tuple[float, dict[str, float], dict[str, tuple[int, int]]]:
    """Seconds until up, seconds per part, idle bytes per part."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    began = time.perf_counter()
    with Platform(home, port, demo=demo) as platform:
        took = time.perf_counter() - began
        time.sleep(IDLE_SECONDS)
        parts = {name: memory(part["pid"]) for name, part in platform.parts().items() if part["pid"]}
        everything = memory(platform.supervisor_pid)
        own = (
            everything[0] - sum(pss for pss, _ in parts.values()),
            everything[1] - sum(rss for _, rss in parts.values()),
        )
        seconds = {name: float(text) for name, text in LINE.findall(platform.output.read_text())}
    return took, seconds, {**parts, "supervisor": own}


def measure_engines(home: Path) -> tuple[float, dict[str, float], dict[str, tuple[int, int]]]:
    """The same for the four engines alone; they start together, so only the whole has a time."""
    began = time.perf_counter()
    with EmbeddedEngines(home) as engines:
        took = time.perf_counter() - began
        time.sleep(IDLE_SECONDS)
        return took, {}, {name: memory(engines.pid(name)) for name in ENGINES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", action="store_true", help="the four engines only")
    parser.add_argument("--demo", action="store_true", help="with demo content and audience, so not idle")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lsx-bench-") as folder:
        home = Path(folder)
        runs = [measure_engines(home) if given.engines else measure_platform(home, given.demo) for _ in range(2)]
    (cold, cold_parts, _), (warm, warm_parts, held) = runs
    table = Table(title="embedded stack: start and idle memory")
    for column in ("part", "cold s", "warm s", "idle MB (PSS)", "(RSS)"):
        table.add_column(column, justify="left" if column == "part" else "right")
    for name in dict.fromkeys([*warm_parts, *held]):
        seconds = [f"{parts[name]:.1f}" if name in parts else "" for parts in (cold_parts, warm_parts)]
        table.add_row(name, *seconds, *(f"{size / 1e6:.0f}" for size in held.get(name, ())))
    total = [f"[bold]{sum(sizes) / 1e6:.0f}" for sizes in zip(*held.values(), strict=True)]
    table.add_row("[bold]in all", f"[bold]{cold:.1f}", f"[bold]{warm:.1f}", *total)
    table.add_row("[dim]goal", "", f"[dim]{GOAL_SECONDS:.0f}", f"[dim]{GOAL_BYTES / 1e6:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
