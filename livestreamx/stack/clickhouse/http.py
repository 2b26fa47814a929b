"""The part of ClickHouse's HTTP interface that clickhouse-connect, curl and dashboards use, as an ASGI app.

Plain clients work unchanged; what the in-process engine does not have (users, query log) answers with its own error.
"""

import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from livestreamx.stack.clickhouse.engine import Engine, QueryError
from livestreamx.stack.clickhouse.request import Disconnected, Insert, Receive, Request, read

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STREAMABLE = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
STATUS_OF_CODE = {
    60: 404,
    81: 404,
    46: 404,
    62: 400,
    36: 400,
    53: 400,
    115: 400,
    354: 400,
    516: 403,
    497: 403,
    373: 423,
}
"""HTTP status by ClickHouse's error code; every other one is a 500, as on the server."""

FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)


class ClickHouseApp:
    """`folder` holds the tables; the engine may use up to `memory_bytes` and refuses queries beyond them."""

    def __init__(self, folder: Path, memory_bytes: int) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._engine: Engine

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            request = await read(scope, receive)
            if "query" not in request.parameters and (scope["method"] == "GET" or scope["path"] == "/ping"):
                await self._reply(send, 200, b"Ok.\n", {})
            else:
                await self._answer(request, send)
        except QueryError as error:
            code = {"x-clickhouse-exception-code": str(error.code)}
            await self._reply(send, STATUS_OF_CODE.get(error.code, 500), error.message.encode() + b"\n", code)
        except Disconnected:
            return

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._engine = Engine(self._folder, self._memory_bytes)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._engine.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, send: Send) -> None:
        statement = await request.statement()
        parameters = request.parameters
        database, session = parameters.get("database") or "default", parameters.get("session_id")
        async with self._engine.connection(database, request.settings, session) as connection:
            if isinstance(statement, Insert):
                rows = _with_first(statement.first, request.body)
                done = await self._engine.insert(connection, statement.sql, statement.form, rows)
                summary = {"written_rows": str(done.rows_written), "written_bytes": str(done.bytes_written)}
                await self._reply(send, 200, b"", self._head(request, summary))
                return
            named = FORMAT.search(statement)
            if named and named[1] in STREAMABLE and parameters.get("wait_end_of_query") != "1":
                blocks = self._engine.blocks(connection, statement, named[1], request.bound)
                async with aclosing(blocks):
                    await self._stream(blocks, named[1], request, send)
            else:
                form = named[1] if named else parameters.get("default_format", "TabSeparated")
                result = await self._whole(connection, statement, form, bool(named), request)
                await self._reply(send, 200, *result)

    async def _whole(
        self, connection: Any, sql: str, form: str, named: bool, request: Request
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a result that is answered in one piece.

        Without a format in the statement it runs "WithNames": the line of names tells an empty result from a command.
        """
        probe = not named and form == "TabSeparated"
        result = await self._engine.query(connection, sql, "TabSeparatedWithNames" if probe else form, request.bound)
        data: bytes = result.bytes() or b""
        summary = {
            "read_rows": str(result.rows_read()),
            "read_bytes": str(result.bytes_read()),
            "elapsed_ns": str(int(result.elapsed() * 1e9)),
        }
        head = self._head(request, summary)
        if data or named:
            head["x-clickhouse-format"] = form
        return data.partition(b"\n")[2] if probe else data, head

    async def _stream(self, blocks: AsyncIterator[bytes], form: str, request: Request, send: Send) -> None:
        """Send blocks as they come; an error after the first is told inside the body, as the server does."""
        block = await anext(blocks, None)  # an error before any row still gets its own status line
        tag = secrets.token_hex(8)
        head = self._head(request, {}) | {"x-clickhouse-format": form, "x-clickhouse-exception-tag": tag}
        await self._start(send, 200, head)
        try:
            while block is not None:
                await send({"type": "http.response.body", "body": block, "more_body": True})
                block = await anext(blocks, None)
        except QueryError as error:
            text = f"{error.message}\n"
            tail = f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n"
            await send({"type": "http.response.body", "body": tail.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _head(self, request: Request, summary: Mapping[str, str]) -> dict[str, str]:
        query_id = re.sub(r"[^\x20-\x7e]", "", request.parameters.get("query_id", ""))
        return {"x-clickhouse-query-id": query_id, "x-clickhouse-summary": json.dumps(summary)}

    async def _reply(self, send: Send, status: int, body: bytes, head: Mapping[str, str]) -> None:
        await self._start(send, status, {**head, "content-length": str(len(body))})
        await send({"type": "http.response.body", "body": body})

    async def _start(self, send: Send, status: int, head: Mapping[str, str]) -> None:
        head = {"x-clickhouse-timezone": self._engine.timezone, "x-clickhouse-server-display-name": "embedded", **head}
        headers = [(name.encode(), value.encode()) for name, value in head.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in rest:
        yield chunk
