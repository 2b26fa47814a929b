"""One open websocket: a lean protocol on the bare transport, which reads, checks and answers RFC 6455 by itself.

Reading stops while the listener is busy or the peer does not take what was written, so neither can fill memory.
"""

import asyncio
from socket import SocketType
from typing import TYPE_CHECKING, Any, Protocol

from websockets.speedups import apply_mask

from realtime.wire import Close, Op, ProtocolError, read_close, read_header, seal, seal_close

if TYPE_CHECKING:
    from realtime.fanout import Feed

MESSAGE_BYTES = 8 * 1024
"""The longest message a client may send."""
BACKLOG_BYTES = 1024 * 1024
"""Most that may wait for a peer in the transport: one snapshot and what is left of a chunk of the room's ring."""
NOISE = 50
"""Pings, pongs and fragments that a client may send in a second: they cost work and ask for nothing.

So does whatever comes after our close frame, except for its answer."""
CLOSING_SECONDS = 2.0
"""How long a peer has to answer a close frame."""
CLOSING_BYTES = 4 * 1024 * 1024
"""How much is read of a peer that has yet to answer one: who sends on and on must not keep others waiting."""


class Listener(Protocol):
    """Who is told what a connection brings; none of these may block."""

    def receive(self, message: bytes, binary: bool) -> None:
        """A whole message; text is valid UTF-8."""

    def lost(self) -> None:
        """The connection is gone; called once."""


class Connection(asyncio.Protocol):
    """A websocket after its handshake.

    `feed` is the room's fan-out that serves it, by `bare` where it can; `position` is the last seq it had. Whoever
    sweeps sets `noise` back to 0.
    """

    __slots__ = (
        "_buffer", "_busy", "_closing_bytes", "_deaf", "_fragments", "_fragments_op", "_loop", "_open_set", "_paused",
        "_skip", "bare", "closing", "feed", "heard_at", "listener", "noise", "pinged", "position", "stalled_at",
        "transport",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.Transport, bare: SocketType | None, open_set: set[Any], listener: Listener
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._open_set = open_set
        self._buffer = b""
        self._fragments: bytearray | None = None
        self._fragments_op = 0
        self._skip = self._closing_bytes = 0
        self._busy = self._deaf = self._paused = False
        self.transport, self.bare, self.listener = transport, bare, listener
        self.feed: Feed | None = None
        self.position = self.noise = 0
        self.closing = self.pinged = False
        self.stalled_at = 0.0
        self.heard_at = self._loop.time()

    # writing

    def send(self, frame: bytes) -> None:
        """Write a sealed frame; a peer that lets too much pile up is closed."""
        if self.closing:
            return
        if self.transport.get_write_buffer_size() > BACKLOG_BYTES:
            self.close(Close.TOO_SLOW, "too slow: resume from your last seq")
            return
        self.transport.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Say why, then end: at the peer's answer, or after a moment without one."""
        if self.closing:
            return
        self.closing = True
        self._leave_feed()
        self.transport.write(seal_close(code, reason))
        self._loop.call_later(CLOSING_SECONDS, self.transport.abort)
        self._update_reading()

    def ping(self) -> None:
        self.pinged = True
        self.send(seal(b"", Op.PING))

    def abort(self) -> None:
        """End without a word: the peer does not listen any more."""
        self.closing = True
        self._leave_feed()
        self.transport.abort()

    def shutdown(self) -> None:
        """The server stops; clients come back to another one."""
        self.close(Close.RESTART, "restart")

    def pause_writing(self) -> None:
        self.stalled_at = self._loop.time()
        if self.feed is not None:
            self.feed.stall(self)
        self._update_reading()

    def resume_writing(self) -> None:
        self.stalled_at = 0.0
        if self.feed is not None:
            self.feed.drained(self)
        self._update_reading()

    # reading

    def set_busy(self, busy: bool) -> None:
        """The listener has as much to do as it takes; reading goes on when it says so."""
        self._busy = busy
        self._update_reading()

    @property
    def held(self) -> bool:
        """Whether what the peer sends is left waiting."""
        if self.closing:
            return self._closing_bytes > CLOSING_BYTES
        return self._busy or self.stalled_at > 0

    def _update_reading(self) -> None:
        if self.held == self._paused or self.transport.is_closing():
            return
        self._paused = self.held
        if self._paused:
            self.transport.pause_reading()
        else:
            self.heard_at = self._loop.time()
            self.transport.resume_reading()
            if self._buffer:
                self._buffer = self._read(self._buffer)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self.pinged = False
        self._buffer = self._read(self._buffer + data if self._buffer else data)
        if self.closing:
            self._closing_bytes += len(data)
            self._update_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self.closing = True
        self._leave_feed()
        if self.bare is not None:
            self.bare.detach()
        self._open_set.discard(self)
        self.listener.lost()

    def _leave_feed(self) -> None:
        if self.feed is not None:
            self.feed.leave(self)

    def _read(self, data: bytes) -> bytes:
        """Take every whole frame out of the data; what is left of it."""
        at, size = 0, len(data)
        while not self._paused:
            if self._deaf:
                return b""
            if self._skip:
                passed = min(self._skip, size - at)
                self._skip -= passed
                at += passed
            try:
                header = read_header(data, at)
                if header is None:
                    break
                begin = header.mask_at + 4
                if header.op < Op.CLOSE and self._is_too_big(header.length):
                    self.close(Close.TOO_BIG, f"a message holds {MESSAGE_BYTES} bytes at most")
                    self._skip = header.length
                    at = min(begin, size)
                    self._skip += begin - at
                    continue
                end = begin + header.length
                if end > size:
                    break
                payload = apply_mask(data[begin:end], data[header.mask_at : begin])
                at = end
                self._take(header.op, header.final, payload)
            except ProtocolError as error:
                self._deaf = True
                self.close(Close.PROTOCOL_ERROR, str(error))
        return data[at:] if at < size else b""

    def _is_too_big(self, length: int) -> bool:
        return length + len(self._fragments or b"") > MESSAGE_BYTES

    def _take(self, op: int, final: bool, payload: bytes) -> None:
        if op == Op.CLOSE:
            self._take_close(payload)
        elif (self.closing or not (final and op in (Op.TEXT, Op.BINARY))) and self._is_too_noisy():
            self._deaf = True
            self.close(Close.POLICY, "too many pings or fragments")
        elif self.closing:
            return
        elif op == Op.PING:
            self.send(seal(payload, Op.PONG))
        elif op == Op.CONTINUATION:
            if self._fragments is None:
                raise ProtocolError("nothing to continue")
            self._fragments += payload
            if final:
                whole, self._fragments = bytes(self._fragments), None
                self._deliver(self._fragments_op, whole)
        elif op in (Op.TEXT, Op.BINARY):
            if self._fragments is not None:
                raise ProtocolError("the last message was not finished")
            if final:
                self._deliver(op, payload)
            else:
                self._fragments, self._fragments_op = bytearray(payload), op

    def _is_too_noisy(self) -> bool:
        self.noise += 1
        return self.noise > NOISE

    def _take_close(self, payload: bytes) -> None:
        if not self.closing:
            code = read_close(payload)
            self.closing = True
            self._leave_feed()
            self.transport.write(seal_close(code))
        self._deaf = True
        self.transport.close()

    def _deliver(self, op: int, message: bytes) -> None:
        if op == Op.TEXT and not message.isascii():
            try:
                message.decode()
            except UnicodeDecodeError:
                self.close(Close.NOT_UTF8, "text is UTF-8")
                return
        self.listener.receive(message, op == Op.BINARY)
