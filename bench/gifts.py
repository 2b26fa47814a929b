"""Gifts a second to one creator, to many, over HTTP and into Kafka, beside TPC-B and a naive ledger in one run.

`python -m bench.gifts [--seconds N]`; afterwards the books must be in order.
"""

import argparse
import asyncio
import socket
import tempfile
from pathlib import Path
from statistics import median

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.gift_loads.anchors import SCALE, fill_tpc_b, make_naive, naive, tpc_b
from bench.gift_loads.into_kafka import RATE, lags
from bench.gift_loads.through_http import api, over_http
from bench.gift_loads.through_service import CLIENTS, give
from bench.gift_loads.world import CREATORS, make_world
from livestreamx.engines.kafka import make_topics
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.engines.postgres import connection, make_pool, transaction
from livestreamx.settings import Settings
from livestreamx.stack import engines_only

TPC_B = f"pgbench TPC-B, scale {SCALE}"
NAIVE = "naive, SELECT FOR UPDATE, one hot creator"
HOT = f"service, {CLIENTS} clients, one hot creator"
UNIFORM = f"service, {CLIENTS} clients, {CREATORS} creators"
HTTP = "HTTP, one process of the API, one hot creator"


class Load(msgspec.Struct):
    """Gifts (or transactions) a second in each round, and what they took (s)."""

    rates: list[float] = []
    took: list[float] = []

    def add(self, took: list[float], seconds: float) -> None:
        self.rates.append(len(took) / seconds)
        self.took += took

    @property
    def rate(self) -> float:
        return median(self.rates)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def measure(settings: Settings, seconds: float, rounds: int) -> tuple[dict[str, Load], list[float]]:
    """The loads by turns, so that whatever else the machine does falls on all of them; then the way into Kafka (s)."""
    loads = {name: Load() for name in (TPC_B, NAIVE, HOT, UNIFORM, HTTP)}
    port = free_port()
    async with make_pool(settings.postgres_url) as pool:
        world = await make_world(pool)
        await make_naive(pool)
        with api(settings, port):
            for _ in range(rounds):
                loads[TPC_B].rates.append(await asyncio.to_thread(tpc_b, settings.postgres_url, seconds))
                loads[NAIVE].add(await naive(pool, seconds), seconds)
                loads[HOT].add(await give(settings, world.senders, world.streams[:1], seconds), seconds)
                loads[UNIFORM].add(await give(settings, world.senders, world.streams, seconds), seconds)
                loads[HTTP].add(await asyncio.to_thread(over_http, settings, world, port, seconds), seconds)
        async with transaction(pool) as db:
            await db.execute("DELETE FROM outbox")
        return loads, await lags(settings, world, seconds)


async def faults(settings: Settings) -> int:
    async with make_pool(settings.postgres_url) as pool, connection(pool) as db:
        found = await (await db.execute("SELECT sum(found)::int FROM ledger.audit")).fetchall()
        return int(found[0][0])


def quantiles(seconds: list[float]) -> tuple[str, str]:
    """p50 and p99 in ms; nothing where nothing was timed."""
    if not seconds:
        return "", ""
    ranked = sorted(seconds)
    p50, p99 = (f"{ranked[int(len(ranked) * part)] * 1000:.1f}" for part in (0.5, 0.99))
    return p50, p99


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5, help="of each measurement")
    arguments.add_argument("--rounds", type=int, default=3, help="of all of them; medians count")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-gifts-") as home, engines_only(Path(home)) as engines:
        settings = engines.settings
        migrate_postgres(settings.postgres_url)
        migrate_clickhouse(settings.clickhouse_url)
        make_topics(settings.kafka_bootstrap)
        fill_tpc_b(settings.postgres_url)
        loads, lag = uvloop.run(measure(settings, asked.seconds, asked.rounds))
        found = uvloop.run(faults(settings))
    anchor = loads[TPC_B].rate
    table = Table("load", "a second", "to TPC-B", "p50 ms", "p99 ms", title=f"Gifts, median of {asked.rounds} rounds")
    for name, load in loads.items():
        table.add_row(name, f"{load.rate:,.0f}", f"{load.rate / anchor:.1f}", *quantiles(load.took))
    table.add_row(f"answer to consumer at {RATE:,}/s", f"{len(lag) / asked.seconds:,.0f}", "", *quantiles(lag))
    Console(width=110).print(
        table,
        f"one hot creator to {CREATORS} creators: {loads[HOT].rate / loads[UNIFORM].rate:.2f}; "
        f"faults found by the audit: {found}",
    )


if __name__ == "__main__":
    main()
