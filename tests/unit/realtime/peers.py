"""A connection over a real socket pair, with the raw other end of it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.frames import Frame, Opcode

from realtime.connection import Connection
from realtime.transport import bare_socket


class Heard:
    """Keeps what a connection brings."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bool]] = []
        self.ends = 0
        self.news = asyncio.Event()

    def receive(self, message: bytes, binary: bool) -> None:
        self.messages.append((message, binary))
        self.news.set()

    def lost(self) -> None:
        self.ends += 1
        self.news.set()

    async def until(self, messages: int = 0, ends: int = 0) -> None:
        async with asyncio.timeout(60):
            while len(self.messages) < messages or self.ends < ends:
                self.news.clear()
                await self.news.wait()


class Peer:
    """The other end: raw bytes out, whole server frames in."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self._buffer = sock, b""

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next (short) frame; opcode -1 at the end of the stream."""
        async with asyncio.timeout(60):
            while len(self._buffer) < 2 or len(self._buffer) < 2 + self._buffer[1]:
                data = await asyncio.get_running_loop().sock_recv(self.sock, 65536)
                if not data:
                    return -1, b""
                self._buffer += data
        size = self._buffer[1]
        payload, op = self._buffer[2 : 2 + size], self._buffer[0] & 15
        self._buffer = self._buffer[2 + size :]
        return op, payload

    async def stream_until(self, end: bytes) -> bytes:
        """Everything up to and with `end`."""
        async with asyncio.timeout(60):
            while end not in self._buffer:
                data = await asyncio.get_running_loop().sock_recv(self.sock, 1 << 20)
                assert data, "the stream ended"
                self._buffer += data
        found, _, self._buffer = self._buffer.partition(end)
        return found + end

    async def close_code(self) -> int:
        op, payload = await self.frame()
        assert op == Opcode.CLOSE
        return int.from_bytes(payload[:2], "big")


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connection, Heard, Peer]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    heard, everybody = Heard(), set[object]()

    def make() -> asyncio.Protocol:
        return asyncio.Protocol()

    transport, _ = await asyncio.get_running_loop().create_connection(make, sock=ours)
    connection = Connection(transport, bare_socket(transport), everybody, heard)
    everybody.add(connection)
    transport.set_protocol(connection)
    transport.set_write_buffer_limits(high=0)
    try:
        yield connection, heard, Peer(theirs)
    finally:
        theirs.close()
        transport.abort()
        await heard.until(ends=1)
        assert heard.ends == 1
        assert not everybody


def masked(op: Opcode, payload: bytes, *, final: bool = True) -> bytes:
    return Frame(op, payload, fin=final).serialize(mask=True, extensions=[])
