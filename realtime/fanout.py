"""Fan-out: a frame is encoded once for a room and the same bytes are written to every socket.

Frames that come while the sockets are being written leave together, in one write a socket.
"""

import asyncio
from socket import SocketType

from livestreamx.frames import FramesDropped
from livestreamx.observe.metrics import Metrics
from realtime.codec import Codec
from realtime.connection import Connection
from realtime.ring import Ring, SharedFrame
from realtime.wire import Close

CHUNK_BYTES = 64 * 1024
"""How much of the ring a reader that is behind gets at once."""
REST_FACTOR, REST_SECONDS = 2.0, 0.01
"""After a pass that carried several frames the feed rests so many times as long, up to a limit: frames that come
faster than they can be written one by one leave in fewer writes. After a pass of a single frame it does not rest."""


class Feed:
    """All connections of a room that see the same channels in the same encoding.

    Each is in one of four groups: `fast` take each flush by one direct write; `plain` through their transport (TLS);
    those `behind` are fed from the ring as they drain; who is `held` waits until `release` says where it goes on.
    """

    def __init__(
        self, ring: Ring, channels: frozenset[str] | None, codec: Codec, metrics: Metrics, *, coalesce: bool = True
    ) -> None:
        self.channels, self.codec = channels, codec
        self.fast: dict[SocketType, Connection] = {}
        self.plain: set[Connection] = set()
        self.behind: set[Connection] = set()
        self.held: set[Connection] = set()
        self._ring, self._metrics, self._coalesce = ring, metrics, coalesce
        self._pending: list[SharedFrame] = []
        self._seen = self._flushed = ring.top
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._rested_at = 0.0

    @property
    def is_empty(self) -> bool:
        return not (self.fast or self.plain or self.behind or self.held)

    def shows(self, shared: SharedFrame) -> bool:
        return self.channels is None or shared.channel in self.channels

    # membership

    def enter(self, connection: Connection) -> None:
        """Take a connection in, held."""
        connection.feed = self
        self.held.add(connection)

    def leave(self, connection: Connection) -> None:
        self.hold(connection)
        self.held.discard(connection)
        connection.feed = None

    def hold(self, connection: Connection) -> None:
        """Give it nothing more; its position is the last seq it got."""
        if self._keeps_up(connection):
            self.flush()
        if self._keeps_up(connection):  # and was not cut short by that
            connection.position = self._flushed
        self._take_out(connection)
        self.behind.discard(connection)
        self.held.add(connection)

    def _keeps_up(self, connection: Connection) -> bool:
        return connection.bare in self.fast or connection in self.plain

    def _take_out(self, connection: Connection) -> None:
        """Of those who keep up."""
        if connection.bare is not None:
            self.fast.pop(connection.bare, None)
        self.plain.discard(connection)

    def release(self, connection: Connection, position: int) -> None:
        """Go on after `position`, which the room has reached."""
        self.flush()
        connection.position = position
        self.held.discard(connection)
        self.behind.add(connection)
        self._catch_up(connection)

    def restart(self) -> None:
        """The room's numbering begins anew: everybody is held, nothing is pending."""
        self._pending.clear()
        self.held.update(self.fast.values(), self.plain, self.behind)
        for group in (self.fast, self.plain, self.behind):
            group.clear()
        self._seen = self._flushed = self._ring.top

    # frames

    def append(self, shared: SharedFrame) -> None:
        """Send a frame soon: at the end of this pass of the loop, or after the rest that the last flush earned.

        Until then whoever reads the bus has asked for what follows, so that the answer comes while this is written.
        """
        self._seen = shared.frame.seq
        if not self.shows(shared):
            return
        self._pending.append(shared)
        if self._timer is None:
            rest = self._rested_at - self._loop.time() if self._coalesce else 0.0
            self._timer = self._loop.call_later(rest, self.flush) if rest > 0.0005 else self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is pending to everybody who keeps up."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pending, self._pending = self._pending, []
        self._flushed = self._seen
        if not pending:
            return
        began = self._loop.time()
        self._write_all(pending)
        ended = self._loop.time()
        self._rested_at = ended + min(REST_SECONDS, REST_FACTOR * (ended - began)) if len(pending) > 1 else 0.0

    def _write_all(self, frames: list[SharedFrame]) -> None:
        """To one viewer after the other: in one write, or without coalescing in one for each frame.

        Nothing but the sockets is touched on the way: of a thousand viewers each further object is a thousand misses
        of the cache. A socket's send() costs a sixth less than os.write().
        """
        sealed = [shared.sealed(self.codec) for shared in frames]
        together = b"".join(sealed)
        writes = [together] if self._coalesce else sealed
        size = len(together)
        self._metrics.deliveries.inc(len(frames) * (len(self.fast) + len(self.plain)))
        short: list[tuple[SocketType, int]] = []
        for bare in self.fast:
            written = 0
            try:
                for data in writes:
                    taken = bare.send(data)
                    written += taken
                    if taken != len(data):
                        break
            except BlockingIOError:
                pass
            except OSError:
                continue  # the transport learns it too, and connection_lost follows
            if written != size:
                short.append((bare, written))
        for bare, written in short:
            self._cut_short(self.fast.pop(bare), frames, written)
        for connection in tuple(self.plain):
            if size <= CHUNK_BYTES:
                connection.transport.write(together)
            else:
                self._fall_behind(connection, frames[0].frame.seq - 1)

    # slow readers

    def _cut_short(self, connection: Connection, frames: list[SharedFrame], written: int) -> None:
        """It took a part only: its transport gets the rest of the frame that was cut, the ring has what follows."""
        for shared in frames:
            written -= len(shared.sealed(self.codec))
            if written <= 0:
                break
        if written < 0:
            connection.transport.write(shared.sealed(self.codec)[written:])
        self._fall_behind(connection, shared.frame.seq)

    def _fall_behind(self, connection: Connection, position: int) -> None:
        """From this position on the ring feeds it: no reader has a queue of its own."""
        self._take_out(connection)
        connection.position = position
        self.behind.add(connection)
        self._catch_up(connection)

    def stall(self, connection: Connection) -> None:
        """Its transport holds what the peer does not take: it gets no more until that has drained."""
        if self._keeps_up(connection):
            self._fall_behind(connection, self._flushed)

    def drained(self, connection: Connection) -> None:
        if connection in self.behind:
            self._catch_up(connection)

    def _catch_up(self, connection: Connection) -> None:
        while not connection.stalled_at and not connection.closing:
            if connection.position >= self._flushed:
                self.behind.discard(connection)
                if connection.bare is not None:
                    self.fast[connection.bare] = connection
                else:
                    self.plain.add(connection)
                return
            if self._ring.reaches(connection.position):
                self._feed_chunk(connection)
            elif self._ring.keeps(connection.position):
                self._skip_chat(connection)
            else:
                self._metrics.drops.labels("too_slow").inc()
                connection.close(Close.TOO_SLOW, "too slow: the history went by")
                return

    def _skip_chat(self, connection: Connection) -> None:
        """The ring has overtaken it: leave out the chat that is gone, say so, and send all else of that time."""
        after, until = connection.position, self._ring.first - 1
        kept = self._ring.kept(after)
        connection.position = until
        chunk = [shared.sealed(self.codec) for shared in kept if self.shows(shared)]
        self._metrics.deliveries.inc(len(chunk))
        dropped = until - after - len(kept)
        if dropped and (self.channels is None or "chat" in self.channels):
            told = FramesDropped(channel="chat", count=dropped, fromSeq=after + 1, toSeq=until)
            chunk.insert(0, self.codec.private("frames:dropped", told))
            self._metrics.dropped_frames.labels("chat").inc(dropped)
        if chunk:
            connection.transport.write(b"".join(chunk))

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
