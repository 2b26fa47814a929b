"""Gifts a second through the service, to one hot creator and to many, beside pgbench's TPC-B on the same PostgreSQL.

`python -m bench.gifts [--seconds N]`; afterwards the books must be in order.
"""

import argparse
import asyncio
import random
import re
import secrets
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from domain.economy import service
from domain.economy.catalogue import GIFTS
from domain.economy.queries import upsert_gifts
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.migrate import migrate_postgres
from livestreamx.engines.postgres import Pool, connection, make_pool, transaction
from livestreamx.settings import Settings
from livestreamx.stack import engines_only
from livestreamx.stack.postgres import binaries_folder

SENDERS, CREATORS, CLIENTS, SCALE = 500, 50, 32, 10


async def people(pool: Pool, count: int) -> list[UUID]:
    """Users with wallets and a million paid tokens each."""
    async with transaction(pool) as db:
        found = await db.execute(
            "INSERT INTO users (handle, password_hash) SELECT %s || number, 'x' "
            "FROM generate_series(1, %s) number RETURNING id",
            (f"b{secrets.token_hex(3)}_", count),
        )
        ids: list[UUID] = [row[0] for row in await found.fetchall()]
        for user in ids:
            await service.open_wallet(db, user, 0, "")
            await service.grant(db, user, 1_000_000, "purchase")
    return ids


async def shows(pool: Pool, creators: list[UUID]) -> list[UUID]:
    """A live stream of each."""
    async with transaction(pool) as db:
        found = await db.execute(
            "INSERT INTO streams (creator_id, title, status, started_at) "
            "SELECT unnest(%s::uuid[]), 'Bench', 'live', now() RETURNING id",
            (creators,),
        )
        return [row[0] for row in await found.fetchall()]


async def give(pool: Pool, settings: Settings, senders: list[UUID], streams: list[UUID], seconds: float) -> list[float]:
    """What each gift took (s), sent by so many clients one after another for so long."""
    redis = redis_engine.connect(settings.redis_url)
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        while (began := time.perf_counter()) < end:
            await service.send_gift(
                pool,
                redis,
                sender=random.choice(senders),
                handle="bench",
                stream_id=random.choice(streams),
                code="HEART",
                idempotency_key=secrets.token_hex(8),
            )
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    await redis.aclose()
    return took


def tpc_b(url: str, seconds: float) -> float:
    """Transactions a second of pgbench's built-in script."""
    pgbench = [str(binaries_folder() / "pgbench"), "--dbname", url]
    subprocess.run([*pgbench, "-i", "-q", "-s", str(SCALE)], check=True, capture_output=True)
    done = subprocess.run(
        [*pgbench, "-M", "prepared", "-c", "8", "-T", str(int(seconds))], check=True, capture_output=True, text=True
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None
    return float(found[1])


async def measure(settings: Settings, seconds: float) -> tuple[list[tuple[str, list[float]]], int]:
    """The gifts' times by kind of load, and how many faults the audit found afterwards."""
    async with make_pool(settings.postgres_url) as pool:
        async with transaction(pool) as db:
            await upsert_gifts(db, GIFTS)
        senders, streams = await people(pool, SENDERS), await shows(pool, await people(pool, CREATORS))
        rows = [
            (name, await give(pool, settings, senders, to, seconds))
            for name, to in (("one hot creator", streams[:1]), (f"{CREATORS} creators", streams))
        ]
        async with connection(pool) as db:
            audit = await (await db.execute("SELECT sum(found)::int FROM ledger.audit")).fetchall()
    return rows, audit[0][0]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5, help="of each measurement")
    seconds = arguments.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="bench-gifts-") as home, engines_only(Path(home)) as engines:
        migrate_postgres(engines.settings.postgres_url)
        anchor = tpc_b(engines.settings.postgres_url, seconds)
        rows, faults = asyncio.run(measure(engines.settings, seconds))
    table = Table("load", "a second", "to TPC-B", "p50 ms", "p99 ms", title=f"Gifts, {CLIENTS} clients, one process")
    table.add_row(f"pgbench TPC-B, scale {SCALE}", f"{anchor:,.0f}", "1.0", "", "")
    for name, took in rows:
        took.sort()
        rate = len(took) / seconds
        p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
        table.add_row(name, f"{rate:,.0f}", f"{rate / anchor:.1f}", f"{p50:.1f}", f"{p99:.1f}")
    Console().print(table, f"faults found by the audit: {faults}")


if __name__ == "__main__":
    main()
