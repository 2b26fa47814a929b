"""How fast a creator's year is read: every panel over 10 million raw rows, equal to a plain count of them.

`python -m bench.dashboards [--rows 10000000] [--rounds 20]` starts an engine of its own.
"""

import argparse
import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client

from bench import dashboard_world as world
from bench.dashboard_truth import truth
from domain.analytics import service
from domain.analytics.model import PANEL_NAMES, Panel, PanelName, Shown, Span
from domain.rollups.service import rebuild
from livestreamx.engines.clickhouse import connect, connect_plain
from livestreamx.engines.migrate import migrate_clickhouse
from livestreamx.stack import engines_only

DATABASE = "dashboards"
GOAL_MS = 200
MONTH = timedelta(days=30)


def whole_year(size: world.Size) -> Span:
    """Every stream of the world, by day."""
    lives = world.lives(size)
    return Span(
        creator_id=world.CREATOR,
        streams=tuple(Shown(id=stream, began=began, over=over) for stream, began, over in lives),
        since=world.BEGAN.replace(hour=0),
        until=lives[-1][2].replace(hour=0) + timedelta(days=1),
        grain="1d",
    )


def make(db: Client, size: world.Size) -> tuple[int, float]:
    """Write the world and make its rollups; raw rows, and the seconds that the rollups took."""
    rows = world.write(db, size)
    span, began = whole_year(size), time.perf_counter()
    since = span.since
    while since < span.until:
        rebuild(db, since, since + MONTH)
        since += MONTH
    return rows, time.perf_counter() - began


def differences(db: Client, found: dict[PanelName, Panel]) -> dict[str, tuple[Any, Any]]:
    """Numbers of panels that are not those of a plain count: (counted, shown)."""
    wrong = {}
    for name, panel in found.items():
        shown: dict[str, Any] = panel.totals
        if name == "mood":
            seconds = {mood: much for mood, much in shown["seconds"].items() if mood != "neutral"}
            shown = {"told": sum(seconds.values()), "kinds": len(seconds)}
        for field, counted in truth(db, name).items():
            if abs(shown[field] - counted) > 1e-6 * abs(counted):
                wrong[f"{name}.{field}"] = (counted, shown[field])
    return wrong


class Took(msgspec.Struct):
    """Milliseconds of one panel's reads: on the wall clock, and of processor time in the engines."""

    wall: list[float] = []
    cpu: list[float] = []


def engine_seconds() -> float:
    """Processor time that the engines have used so far."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return float(sum(one.user + one.system for one in times))


async def timed(clickhouse: AsyncClient, span: Span, rounds: int) -> dict[PanelName, Took]:
    """Each panel, totals and series, one after the other."""
    took: dict[PanelName, Took] = {name: Took() for name in PANEL_NAMES}
    for _ in range(rounds):
        for name in PANEL_NAMES:
            began, used = time.perf_counter(), engine_seconds()
            await service.panels(clickhouse, span, [name])
            took[name].wall.append((time.perf_counter() - began) * 1000)
            took[name].cpu.append((engine_seconds() - used) * 1000)
    return took


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def main(rows: int, rounds: int) -> None:
    size = world.Size.of_rows(rows)
    with tempfile.TemporaryDirectory() as home, engines_only(Path(home)) as engines:
        url = engines.settings.clickhouse_url
        migrate_clickhouse(url, DATABASE)
        with connect_plain(url, DATABASE) as db:
            written, seconds = make(db, size)
            print(f"{written:,} raw rows of {size.streams} streams; rollups made in {seconds:.1f} s")
            clickhouse = await connect(url, DATABASE)
            span = whole_year(size)
            wrong = differences(db, await service.panels(clickhouse, span, PANEL_NAMES))
            print("equal to a plain count of the raw rows" if not wrong else f"DIFFERENT: {wrong}")
            for name, took in (await timed(clickhouse, span, rounds)).items():
                p50, p95, cpu = percentile(took.wall, 0.5), percentile(took.wall, 0.95), percentile(took.cpu, 0.5)
                told = "ok" if p95 < GOAL_MS else "SLOW"
                print(f"{name:12} p50 {p50:6.0f} ms  p95 {p95:6.0f} ms  processor {cpu:6.0f} ms  {told}")
            await clickhouse.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    asyncio.run(main(given.rows, given.rounds))
