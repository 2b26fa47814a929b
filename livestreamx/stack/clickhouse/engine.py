"""The one chdb engine of this machine, and its connections.

chdb allows one engine a process, so this process owns it and everyone else comes over HTTP. A connection carries
a database and settings; each request has its own, or its named session's.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from chdb.state import connect
from chdb.state.sqlitelike import Connection, InsertResult

IDLE_SESSION_SECONDS = 60.0
MOST_SESSIONS = 256
THREADS = 16
UNKNOWN_EXCEPTION = 1002
QUOTE = "'"

T = TypeVar("T")


class QueryError(Exception):
    """The engine refused a statement; `code` is ClickHouse's number for the reason, which clients branch on."""

    def __init__(self, message: str) -> None:
        self.message = message[max(message.find("Code: "), 0) :]
        found = re.match(r"Code: (\d+)", self.message)
        self.code = int(found[1]) if found else UNKNOWN_EXCEPTION
        super().__init__(self.message)


def identifier(name: str) -> str:
    """A setting's name, safe inside a statement."""
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise QueryError(f"Code: 115. DB::Exception: Unknown setting {name!r} (UNKNOWN_SETTING)")
    return name


def quoted(text: str, mark: str) -> str:
    """The text as a literal or a quoted name, by its quotation mark."""
    return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark


class Session:
    """A connection that outlives its request, for statements that build on each other; one statement at a time."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.connection: Connection | None = None
        self.used = time.monotonic()


class Engine:
    """Runs statements in threads, so that the event loop stays free; errors of the engine are `QueryError`."""

    def __init__(self, folder: Path, memory_bytes: int) -> None:
        self._path = str(folder)
        options = f"max_server_memory_usage={memory_bytes}&mark_cache_size={memory_bytes // 8}"
        self._root = connect(f"{self._path}?{options}")  # the engine lives as long as its first connection
        self._sessions: dict[str, Session] = {}
        self._threads = CapacityLimiter(THREADS)
        self.timezone: str = self._root.query("SELECT timezone()", "TSV").bytes().decode().strip()

    @asynccontextmanager
    async def connection(
        self, database: str, settings: Mapping[str, str], session_id: str | None
    ) -> AsyncIterator[Connection]:
        """A connection on `database` with the request's settings, alone in its session for as long as it is held."""
        if session_id is None:
            connection = await self.call(connect, self._path)
            try:
                await self._prepare(connection, database, settings)
                yield connection
            finally:
                with CancelScope(shield=True):
                    await self.call(connection.close)
            return
        session = self._session(session_id)
        async with session.lock:
            if session.connection is None:
                session.connection = await self.call(connect, self._path)
            kept = session.connection
            try:
                await self._prepare(kept, database, settings)
                yield kept
            finally:
                session.used = time.monotonic()
                with CancelScope(shield=True):
                    for name in settings:
                        await self.call(kept.query, f"SET {identifier(name)} = DEFAULT")

    async def query(self, connection: Connection, sql: str, form: str, parameters: Mapping[str, str]) -> Any:
        """The whole result in the output format `form`."""
        return await self.call(partial(connection.query, sql, form, params=dict(parameters)))

    async def blocks(
        self, connection: Connection, sql: str, form: str, parameters: Mapping[str, str]
    ) -> AsyncGenerator[bytes, None]:
        """The result block by block as the engine produces it."""
        result = await self.call(partial(connection.send_query, sql, form, params=dict(parameters)))
        try:
            while (block := await self.call(result.fetch)) is not None:
                yield block.bytes()
        finally:
            with CancelScope(shield=True):
                await self.call(result.close)

    async def insert(self, connection: Connection, sql: str, form: str, body: AsyncIterable[bytes]) -> InsertResult:
        """Feed `body` to `INSERT` as it arrives; nothing is committed unless it arrived whole."""
        inserter = await self.call(connection.send_insert, sql, form)
        try:
            async for chunk in body:
                await self.call(inserter.append, chunk)
            return await self.call(inserter.finish)
        finally:
            with CancelScope(shield=True):
                await self.call(inserter.close)

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """One blocking call of the engine in a thread."""
        try:
            return await to_thread.run_sync(function, *args, limiter=self._threads)
        except RuntimeError as error:  # the family of the engine's own errors
            raise QueryError(str(error)) from error

    async def _prepare(self, connection: Connection, database: str, settings: Mapping[str, str]) -> None:
        await self.call(connection.query, f"USE {quoted(database, '`')}")
        for name, value in settings.items():
            await self.call(connection.query, f"SET {identifier(name)} = {quoted(value, QUOTE)}")

    def _session(self, session_id: str) -> Session:
        self._forget_idle_sessions()
        if session_id not in self._sessions and len(self._sessions) >= MOST_SESSIONS:
            raise QueryError(
                f"Code: 373. DB::Exception: more than {MOST_SESSIONS} sessions are open (SESSION_IS_LOCKED)"
            )
        session = self._sessions.setdefault(session_id, Session())
        session.used = time.monotonic()
        return session

    def _forget_idle_sessions(self) -> None:
        deadline = time.monotonic() - IDLE_SESSION_SECONDS
        for session_id, session in list(self._sessions.items()):
            if session.used < deadline and not session.lock.locked():
                del self._sessions[session_id]
                if session.connection:
                    session.connection.close()

    def close(self) -> None:
        """Shut the engine down with its last connections."""
        for session in self._sessions.values():
            if session.connection:
                session.connection.close()
        self._root.close()
