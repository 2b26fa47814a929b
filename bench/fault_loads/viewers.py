"""Viewers by the thousand in one event loop: each keeps its place and count, and comes back when thrown out."""

import asyncio
import random
import re
import time
from typing import cast
from uuid import UUID

from websockets.frames import Frame, Opcode

SEQ = re.compile(rb'"seq":(\d+)')
PLACE = re.compile(rb'"epoch":"([^"]+)","seq":(\d+)')
SENT = re.compile(rb'"sentNs":(\d+)')
END = b'"text":"the end"'
PONG = Frame(Opcode.PONG, b"").serialize(mask=True, extensions=[])


class Viewer(asyncio.Protocol):
    """One viewer of a room at `ports`, the next of which it tries when one does not answer.

    `seqs` is what it got, over all connections; `gaps` are the seconds that it was away, `delays` those of frames.
    """

    def __init__(self, stream: UUID, ports: list[int], jitter: float) -> None:
        self._stream, self._ports, self._jitter = stream, ports, jitter
        self._turn = 0
        self._buffer = b""
        self._epoch = b""
        self._seq = 0
        self._away_since = 0.0
        self._transport: asyncio.Transport | None = None
        self.entered = asyncio.Event()
        self.ended = asyncio.Event()
        self.seqs: list[int] = []
        self.gaps: list[float] = []
        self.delays: list[float] = []
        self.truncated = 0

    async def enter(self) -> None:
        """Connect, and be let in."""
        while True:
            port = self._ports[self._turn % len(self._ports)]
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
                return
            except OSError:
                self._turn += 1
                await asyncio.sleep(random.uniform(0, self._jitter))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._buffer = cast("asyncio.Transport", transport), b""
        place = f"&epoch={self._epoch.decode()}&seq={self._seq}" if self._epoch else ""
        self._transport.write(
            f"GET /ws?stream={self._stream}{place} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "\r\n".encode()
        )

    def connection_lost(self, _: Exception | None) -> None:
        self._away_since = self._away_since or time.monotonic()
        if self._jitter and not self.ended.is_set():
            asyncio.get_running_loop().call_later(random.uniform(0, self._jitter), self._come_back)

    def _come_back(self) -> None:
        self._turn += 1
        self._task = asyncio.create_task(self.enter())

    def data_received(self, data: bytes) -> None:
        data, at = self._buffer + data, 0
        if data.startswith(b"HTTP"):
            at = data.find(b"\r\n\r\n") + 4
            if at == 3:
                self._buffer = data
                return
        while len(data) - at >= 4:
            size, head = data[at + 1], 2
            if size > 125:
                head = 4 if size == 126 else 10
                size = int.from_bytes(data[at + 2 : at + head], "big")
            if len(data) < at + head + size:
                break
            self._take(data[at] & 15, data[at + head : at + head + size])
            at += head + size
        self._buffer = data[at:]

    def _take(self, op: int, payload: bytes) -> None:
        if op == Opcode.PING and self._transport:
            self._transport.write(PONG)
        elif op == Opcode.CLOSE:
            self.break_off()
        elif payload.startswith(b'{"event":"room:state"'):
            self._enter_room(payload)
        elif payload.startswith(b'{"event":"resume:truncated"'):
            self.truncated += 1
        elif payload.startswith(b'{"event":"gateway:drain"'):
            return  # it repeats the place
        elif op == Opcode.TEXT and (found := SEQ.search(payload, 0, 120)):
            self._take_frame(int(found[1]), payload)

    def _enter_room(self, payload: bytes) -> None:
        found = PLACE.search(payload)
        assert found
        self._epoch, self._seq = found[1], int(found[2])
        self.entered.set()

    def _take_frame(self, seq: int, payload: bytes) -> None:
        if self._away_since:
            self.gaps.append(time.monotonic() - self._away_since)
            self._away_since = 0.0
        self.seqs.append(seq)
        self._seq = seq
        if sent := SENT.search(payload):
            self.delays.append((time.time_ns() - int(sent[1])) / 1e9)
        if END in payload:
            self.ended.set()

    def stop_reading(self) -> None:
        assert self._transport
        self._transport.pause_reading()

    def break_off(self) -> None:
        """Lose the connection without a word."""
        if self._transport:
            self._transport.abort()

    def leave(self) -> None:
        self._jitter = 0.0
        self.break_off()

    @property
    def faults(self) -> tuple[int, int]:
        """Frames lost and frames doubled or out of order."""
        wanted = self.seqs[-1] - self.seqs[0] + 1 if self.seqs else 0
        return wanted - len(set(self.seqs)), sum(b <= a for a, b in zip(self.seqs, self.seqs[1:], strict=False))


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)] if values else 0.0
