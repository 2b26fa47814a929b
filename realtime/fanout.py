"""Fan-out: a frame is encoded once for a room and the same bytes are written to every socket.

A room keeps one ring of frames; a slow or returning reader is a position in it, never a queue of its own.
"""

import asyncio
import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from livestreamx.engines.bus import Frame
from livestreamx.frames import SERVER_FRAMES
from livestreamx.observe.metrics import Metrics
from realtime.codec import Codec
from realtime.connection import Connection
from realtime.wire import Close

CHUNK_BYTES = 64 * 1024
"""How much of the ring a reader that is behind gets at once."""
REST_FACTOR = 2.0
"""After a pass over all sockets the feed rests this many times as long: under load, frames leave in fewer writes."""


class SharedFrame:
    """A frame of a room with its bytes in each encoding that somebody reads."""

    __slots__ = ("_sealed", "channel", "frame")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        kind = SERVER_FRAMES.get(frame.event)
        self.channel = kind.channel if kind else "stream"
        self._sealed: dict[Codec, bytes] = {}

    def sealed(self, codec: Codec) -> bytes:
        found = self._sealed.get(codec)
        if found is None:
            frame = self.frame
            found = self._sealed[codec] = codec.seal_shared(frame.event, frame.seq, frame.ts, frame.data)
        return found


class Ring:
    """The last frames of a room, their seq rising by one; `top` is the newest, also when none is kept."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._frames: deque[SharedFrame] = deque(maxlen=size)
        self.top = 0

    @property
    def first(self) -> int:
        """The oldest seq kept; `top + 1` when there is none."""
        return self.top + 1 - len(self._frames)

    def restart(self, frames: Iterable[SharedFrame], top: int) -> None:
        """Hold these instead, the last of which is `top`."""
        self._frames.clear()
        self._frames.extend(frames)
        self.top = top

    def append(self, shared: SharedFrame) -> None:
        assert shared.frame.seq == self.top + 1
        self._frames.append(shared)
        self.top += 1

    def reaches(self, seq: int) -> bool:
        """Whether every frame after `seq` is here."""
        return self.first <= seq + 1 <= self.top + 1

    def between(self, after: int, until: int) -> Iterator[SharedFrame]:
        """Frames with `after < seq <= until`."""
        skip = after + 1 - self.first
        return islice(self._frames, max(0, skip), max(0, until + 1 - self.first))


class Feed:
    """All connections of a room that see the same channels in the same encoding.

    `fast` take each flush by one direct write; `plain` through their transport (TLS); those `behind` are fed from the
    ring as they drain. Who is in none of them is held, until `release` says where it goes on.
    """

    def __init__(self, ring: Ring, channels: frozenset[str] | None, codec: Codec, metrics: Metrics) -> None:
        self.channels, self.codec = channels, codec
        self.fast: dict[Connection, int] = {}
        self.plain: set[Connection] = set()
        self.behind: set[Connection] = set()
        self.members: set[Connection] = set()
        self._ring, self._metrics = ring, metrics
        self._pending: list[bytes] = []
        self._seen = self._flushed = ring.top
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._rested_at = 0.0

    def shows(self, shared: SharedFrame) -> bool:
        return self.channels is None or shared.channel in self.channels

    # membership

    def enter(self, connection: Connection) -> None:
        """Take a connection in, held."""
        connection.feed = self
        self.members.add(connection)
        self.hold(connection)

    def leave(self, connection: Connection) -> None:
        self.hold(connection)
        self.members.discard(connection)
        connection.feed = None

    def hold(self, connection: Connection) -> None:
        """Give it nothing more; its position is the last seq it got."""
        if connection in self.fast or connection in self.plain:
            self.flush()
            connection.position = self._flushed
        self.fast.pop(connection, None)
        self.plain.discard(connection)
        self.behind.discard(connection)

    def release(self, connection: Connection, position: int) -> None:
        """Go on after `position`, which the room has reached."""
        self.flush()
        connection.position = position
        self.behind.add(connection)
        self._catch_up(connection)

    def restart(self) -> None:
        """The room's numbering begins anew: everybody is held, nothing is pending."""
        self._pending.clear()
        for group in (self.fast, self.plain, self.behind):
            group.clear()
        self._seen = self._flushed = self._ring.top

    # frames

    def append(self, shared: SharedFrame) -> None:
        """Send a frame soon: at the end of this pass of the loop, or after the rest that the last flush earned."""
        self._seen = shared.frame.seq
        if not self.shows(shared):
            return
        self._pending.append(shared.sealed(self.codec))
        if self._timer is None:
            rest = self._rested_at - self._loop.time()
            self._timer = self._loop.call_later(rest, self.flush) if rest > 0.0005 else self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is pending to every fast connection, in one write each."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flushed = self._seen
        if not self._pending:
            return
        began = self._loop.time()
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._metrics.deliveries.inc(len(self._pending) * (len(self.fast) + len(self.plain)))
        self._pending.clear()
        self._write_all(data)
        ended = self._loop.time()
        self._rested_at = ended + REST_FACTOR * (ended - began)

    def _write_all(self, data: bytes) -> None:
        size, write = len(data), os.write
        short: list[tuple[Connection, int]] = []
        for connection, fd in self.fast.items():
            try:
                written = write(fd, data)
            except BlockingIOError:
                written = 0
            except OSError:
                continue  # the transport learns it too, and connection_lost follows
            if written != size:
                short.append((connection, written))
        # The transport takes the rest; if that stalls it, pause_writing moves the connection to those behind.
        for connection, written in short:
            connection.transport.write(data[written:])
        for connection in tuple(self.plain):
            connection.transport.write(data)

    # slow readers

    def stall(self, connection: Connection) -> None:
        """Its transport holds what the peer does not take: it gets no more until that has drained."""
        if connection in self.fast or connection in self.plain:
            connection.position = self._flushed
            self.fast.pop(connection, None)
            self.plain.discard(connection)
            self.behind.add(connection)

    def drained(self, connection: Connection) -> None:
        if connection in self.behind:
            self._catch_up(connection)

    def _catch_up(self, connection: Connection) -> None:
        while not connection.stalled_at and not connection.closing:
            if connection.position >= self._flushed:
                self.behind.discard(connection)
                if connection.fd >= 0:
                    self.fast[connection] = connection.fd
                else:
                    self.plain.add(connection)
                return
            if not self._ring.reaches(connection.position):
                self._metrics.drops.labels("too_slow").inc()
                connection.close(Close.TOO_SLOW, "too slow: the history went by")
                return
            self._feed_chunk(connection)

    def _feed_chunk(self, connection: Connection) -> None:
        chunk: list[bytes] = []
        size = 0
        for shared in self._ring.between(connection.position, self._flushed):
            connection.position = shared.frame.seq
            if self.shows(shared):
                chunk.append(shared.sealed(self.codec))
                size += len(chunk[-1])
                if size >= CHUNK_BYTES:
                    break
        if chunk:
            self._metrics.deliveries.inc(len(chunk))
            connection.transport.write(b"".join(chunk))
