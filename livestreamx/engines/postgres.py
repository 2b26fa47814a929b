"""PostgreSQL: one async pool a process, rows decoded into Structs."""

import select
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import AsyncRowFactory, TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from livestreamx.errors import Unavailable

Db = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Db]
Row = TypeVar("Row", bound=msgspec.Struct)

set_json_loads(msgspec.json.decode)
set_json_dumps(msgspec.json.encode)


def struct_row(struct: type[Row]) -> AsyncRowFactory[Row]:
    """A row factory that makes and checks Structs: arrays become tuples, columns are fields by name."""

    def factory(cursor: AsyncCursor[Any]) -> Callable[[Sequence[Any]], Row]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> Row:
            return msgspec.convert(dict(zip(names, values, strict=True)), struct)

        return make

    return factory


def make_pool(url: str, *, most: int = 10, name: str = "livestreamx") -> Pool:
    """A pool of autocommit connections, not yet open: `await pool.open()` belongs into the lifespan."""
    options: dict[str, Any] = {"autocommit": True, "application_name": name}
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=most,
        open=False,
        timeout=5,
        kwargs=options,
        name=name,
    )


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Db]:
    """A connection for single statements; `Unavailable` when none is to be had in time."""
    try:
        db = await _lend(pool)
    except PoolTimeout as error:
        raise Unavailable("The database is busy") from error
    try:
        async with db:
            yield db
    finally:
        await pool.putconn(db)


async def _lend(pool: Pool) -> Db:
    """A connection that answers, so that a database that was restarted costs nobody a request.

    One on which the server has said nothing since is as it was: only else is it asked, which takes a round trip. The
    pool's own check waits a second and more after each connection that does not answer.
    """
    while True:
        db = await pool.getconn()
        try:
            if _was_told_something(db):
                await pool.check_connection(db)
        except BaseException as error:
            await pool.putconn(db)  # the pool replaces it when it is closed
            if not isinstance(error, psycopg.OperationalError):
                raise
        else:
            return db


def _was_told_something(db: Db) -> bool:
    """Whether something unasked for has come from the server, such as its goodbye; `OperationalError` when closed."""
    waiting = select.poll()
    waiting.register(db.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Db]:
    """A connection inside one transaction: commits at the end, rolls back on any error."""
    async with connection(pool) as db, db.transaction():
        yield db
