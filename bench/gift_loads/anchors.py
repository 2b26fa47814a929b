"""What gifts are measured against on the same PostgreSQL: pgbench's TPC-B, and a ledger as one writes it at first."""

import asyncio
import random
import re
import subprocess
import time
from uuid import uuid4

from livestreamx.engines.postgres import Pool, transaction
from livestreamx.stack.postgres import binaries_folder

SCALE, CLIENTS = 50, 8

NAIVE = """
DROP SCHEMA IF EXISTS naive CASCADE;
CREATE SCHEMA naive;
CREATE TABLE naive.account (id bigint PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE naive.entry (txn uuid NOT NULL, account bigint NOT NULL, amount bigint NOT NULL);
CREATE TABLE naive.gift (id uuid PRIMARY KEY, sender bigint, creator bigint, amount bigint);
CREATE TABLE naive.outbox (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bigint, payload text);
INSERT INTO naive.account SELECT number, 1000000000 FROM generate_series(0, 3000) number;
"""
PLATFORM, CREATOR, FIRST_SENDER, LAST_SENDER = 0, 1, 1000, 3000


def pgbench(url: str, *arguments: str) -> str:
    program = str(binaries_folder() / "pgbench")
    return subprocess.run([program, "--dbname", url, *arguments], check=True, capture_output=True, text=True).stdout


def fill_tpc_b(url: str) -> None:
    pgbench(url, "-i", "-q", "-s", str(SCALE))


def tpc_b(url: str, seconds: float) -> float:
    """Transactions a second of pgbench's built-in script."""
    said = pgbench(url, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(int(seconds)))
    found = re.search(r"tps = ([\d.]+)", said)
    assert found is not None
    return float(found[1])


async def make_naive(pool: Pool) -> None:
    async with transaction(pool) as db:
        for statement in NAIVE.strip().split(";\n"):
            await db.execute(statement.encode())


async def naive(pool: Pool, seconds: float) -> list[float]:
    """What gifts to one creator take (s) that lock each balance with SELECT FOR UPDATE, statement by statement."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        while (began := time.perf_counter()) < end:
            await naive_gift(pool, random.randint(FIRST_SENDER, LAST_SENDER))
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return took


async def naive_gift(pool: Pool, sender: int) -> None:
    gift = uuid4()
    async with transaction(pool) as db:
        for account in (sender, CREATOR, PLATFORM):
            await db.execute("SELECT balance FROM naive.account WHERE id = %s FOR UPDATE", (account,))
        await db.execute("INSERT INTO naive.gift VALUES (%s, %s, %s, 500)", (gift, sender, CREATOR))
        for account, amount in ((sender, -500), (CREATOR, 350), (PLATFORM, 150)):
            await db.execute("INSERT INTO naive.entry VALUES (%s, %s, %s)", (gift, account, amount))
            await db.execute("UPDATE naive.account SET balance = balance + %s WHERE id = %s", (amount, account))
        await db.execute("INSERT INTO naive.outbox (key, payload) VALUES (%s, %s)", (CREATOR, str(gift)))
