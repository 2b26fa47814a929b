"""Clients that do not send their request in time lose their connection; all others keep it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from api import deadlines
from tests.conftest import free_port

HEADERS = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
SOON = 1.0


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body, after a moment longer than any deadline."""
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await asyncio.sleep(2 * SOON)
    text = str(length).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


@pytest_asyncio.fixture(loop_scope="session")
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server whose deadlines are short."""
    monkeypatch.setattr(deadlines, "HEADER_SECONDS", SOON)
    monkeypatch.setattr(deadlines, "BODY_SECONDS", SOON)
    config = uvicorn.Config(
        echo, port=free_port(), http=deadlines.DeadlineProtocol, lifespan="off", log_config=None, timeout_keep_alive=2
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield config.port
    server.should_exit = True
    await serving


async def closed_after(port: int, begin: bytes, drip: bytes) -> float:
    """Seconds until the server closes on a client that begins like this and goes on with a drip every 0.1 s."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(begin)
    ended = asyncio.create_task(reader.read())
    async with asyncio.timeout(60):
        while not (await asyncio.wait({ended}, timeout=0.1))[0]:
            writer.write(drip)
    assert await ended == b""
    writer.close()
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"", b""),
        (b"POST / HT", b""),
        (b"POST / HTTP/1.1\r\nHost: x\r\n", b"A: 1\r\n"),
        (b"\r\n", b"\r\n"),
        (HEADERS, b""),
        (HEADERS.replace(b": 4", b": 4000"), b"a"),
    ],
)
async def test_a_slow_client_is_closed(port: int, begin: bytes, drip: bytes) -> None:
    assert await closed_after(port, begin, drip) > SOON * 0.9


async def test_a_slow_answer_is_waited_for_and_the_connection_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEADERS + b"abcd")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        assert answer.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(1) == b"4"
    writer.write(b"GET / HT")
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()


async def test_a_long_body_has_as_long_as_it_keeps_coming(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "SLOWEST_BODY", 0.1)  # ten seconds for each byte
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEADERS)
    for byte in b"done":
        await asyncio.sleep(SOON / 2)
        writer.write(bytes((byte,)))
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()
