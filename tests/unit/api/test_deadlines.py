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
SOON = 0.3


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


async def closed_after(port: int, *parts: bytes) -> float:
    """Seconds until the server closes on a client that sends these parts, one every 0.1 s, and nothing more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.1)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    return time.monotonic() - began


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"POST / HT",),
        (b"POST / HTTP/1.1\r\nHost: x\r\n", b"A: 1\r\n", b"B: 2\r\n", b"C: 3\r\n"),
        (b"\r\n", b"\r\n"),
        (HEADERS,),
        (HEADERS, b"a", b"b"),
    ],
)
async def test_a_slow_client_is_closed(port: int, parts: tuple[bytes, ...]) -> None:
    assert SOON * 0.9 < await closed_after(port, *parts) < SOON * 2 + 0.5


async def test_a_slow_answer_is_waited_for_and_the_connection_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEADERS + b"abcd")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert answer.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(1) == b"4"
    writer.write(b"GET / HT")
    assert await asyncio.wait_for(reader.read(), 5) == b""
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
