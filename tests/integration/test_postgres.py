"""The pool: connections that the server has closed meanwhile are replaced before anybody meets them."""

import time

import psycopg
import pytest

from livestreamx.engines.postgres import connection, make_pool
from livestreamx.settings import Settings

CONNECTIONS = 8


async def test_a_restart_of_the_server_costs_nobody_a_request(settings: Settings) -> None:
    async with make_pool(settings.postgres_url, most=CONNECTIONS) as pool:
        lent = [await pool.getconn() for _ in range(CONNECTIONS)]
        pids = [db.info.backend_pid for db in lent]
        for db in lent:
            await pool.putconn(db)
        async with make_pool(settings.postgres_url) as other, connection(other) as db:
            await db.execute("SELECT pg_terminate_backend(pid, 20000) FROM unnest(%s::int[]) pid", (pids,))
        began = time.monotonic()
        for _ in range(2 * CONNECTIONS):
            async with connection(pool) as db:
                assert await (await db.execute("SELECT 1")).fetchone() == (1,)
        assert time.monotonic() - began < pool.timeout, "stale connections were waited for"


async def test_what_fails_gives_its_connection_back(settings: Settings) -> None:
    async with make_pool(settings.postgres_url, most=1) as pool:
        for _ in range(3):
            with pytest.raises(psycopg.errors.DivisionByZero):
                async with connection(pool) as db:
                    await db.execute("SELECT 1/0")
