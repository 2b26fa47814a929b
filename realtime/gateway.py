"""The gateway of one process: its rooms, its readers of the bus, and the sessions of everybody connected to it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from psycopg import Error as DatabaseError
from redis.exceptions import RedisError

from livestreamx.errors import DomainError
from livestreamx.frames import Resume
from realtime.acts import make_acts
from realtime.bus_reader import BusReader
from realtime.codec import Codec, Codecs
from realtime.connection import Connection
from realtime.context import Context
from realtime.draining import move_away
from realtime.identity import Identity
from realtime.joining import Joining
from realtime.people import People
from realtime.presence import MARK_SECONDS, Presence
from realtime.rooms import Room, Rooms
from realtime.session import Desk, Handler, Session, Visitor
from realtime.sweeping import TICK_SECONDS, Sweep
from realtime.ticks import STUDIO_SECONDS, StudioTicks

ROOMS_SECONDS = 1.0
STOP_SECONDS = 5.0

OUTAGES = (DomainError, RedisError, DatabaseError, OSError)

log = structlog.get_logger("realtime")


class Gateway:
    """Everything that the sockets of one process share."""

    def __init__(self, context: Context) -> None:
        name, settings, redis = secrets.token_hex(6), context.settings, context.redis
        self.codecs = Codecs()
        self.rooms = Rooms(settings, context.pool, redis, context.metrics)
        self.sessions: set[Session] = set()
        self.stopping = False
        """Whether no more clients should be sent here."""
        self._settings, self._metrics = settings, context.metrics
        self._tasks: set[asyncio.Task[None]] = set()
        self._reader = BusReader(name, context, self.rooms, self._restarted)
        self._people = People(settings.redis_url, name, self._reconsider)
        self._presence = Presence(name, context, self.rooms)
        self._identity = Identity(context, self._people, self._presence, self.spawn)
        self._sweep = Sweep(self.sessions, context.metrics, self._presence, self._identity, self.spawn)
        self._ticks = StudioTicks(redis, settings.session_gap_seconds)
        joining = Joining(self._reader, settings)
        handlers: dict[str, Handler] = {
            "auth": self._identity.sign_in,
            "resume": joining.resume,
            "viewer:heartbeat": self._presence.beat,
            **make_acts(context, self.rooms),
        }
        self._desk = Desk(handlers, joining.join, joining.restart, self._lost, self.spawn, context.metrics)

    # connections

    async def enter(self, stream: UUID) -> Room:
        """The room of a stream, on the bus; `NotFound` without one."""
        known = stream in self.rooms.open
        room = await self.rooms.enter(stream, self._reader.follow)
        if not known:
            await self._reader.wake()
        return room

    def session(
        self, room: Room, codec: Codec, channels: frozenset[str] | None, visitor: Visitor, *, view: str
    ) -> Session:
        """A session that waits for its connection; `view` is the address that it came by."""
        return Session(self._desk, room, codec, channels, visitor, view=view)

    def begin(self, session: Session, connection: Connection, place: Resume | None) -> None:
        """Serve a connection that was handed over."""
        if not connection.closing:
            self.sessions.add(session)
            self._metrics.sockets.inc()
        session.start(connection, place)

    def _lost(self, session: Session) -> None:
        if session in self.sessions:
            self.sessions.discard(session)
            self._metrics.sockets.dec()
        self.spawn(self._say_goodbye(session))

    async def _say_goodbye(self, session: Session) -> None:
        try:
            await self._presence.leave(session)
        finally:
            await self._identity.sign_out(session)

    def _reconsider(self, session: Session) -> None:
        self.spawn(self._identity.reconsider(session))

    def _restarted(self, room: Room) -> None:
        self.spawn(self._tell_restart(room))

    async def _tell_restart(self, room: Room) -> None:
        """News of the stream may be among what was lost: ask the database, then tell everybody in the room."""
        try:
            await self.rooms.refresh(room)
        except OUTAGES as error:
            log.warning("stream_not_refreshed", stream_id=str(room.id), error=str(error))
        for session in list(self.sessions):
            if session.room is room and session.generation:
                session.come_into_step()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run in the background; a stop waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, OUTAGES):
            log.warning("background_work_failed", error=f"{type(error).__name__}: {error}")
        else:
            log.error("background_work_failed", exc_info=error)

    # housekeeping

    async def _close_rooms(self) -> None:
        """Leave the bus of rooms that nobody is in any more."""
        for room in self.rooms.close_idle(asyncio.get_running_loop().time()):
            self._reader.forget(room)
        self._metrics.behind.set(sum(room.behind for room in self.rooms.open.values()))

    async def _count_viewers(self) -> None:
        await self._reader.check_epochs()
        await self._presence.announce_counts(list(self.rooms.open.values()))

    async def _tick_dashboards(self) -> None:
        await self._ticks.tell(list(self.sessions))

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Do it for as long as the gateway runs; outages of the engines are waited out."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await act()
            except OUTAGES as error:
                log.warning("housekeeping_failed", act=act.__name__, error=f"{type(error).__name__}: {error}")
            except Exception:
                log.exception("housekeeping_failed", act=act.__name__)

    async def _end(self, loops: list[asyncio.Task[None]]) -> None:
        """Cancel them until they are done: one that is just timing out on Redis may take a cancellation for that."""
        while pending := [loop for loop in loops if not loop.done()]:
            for loop in pending:
                loop.cancel()
            await asyncio.wait(pending, timeout=1)

    async def drain(self) -> None:
        """Send every client to another gateway; nobody may be listening for new ones any more."""
        await move_away(self.sessions, self._settings.drain_seconds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Gateway"]:
        """Serve inside; at the end, what was begun is finished."""
        started = asyncio.Event()
        loops = [
            asyncio.create_task(self._reader.run(started), name="room-bus"),
            asyncio.create_task(self._people.run(), name="people"),
            asyncio.create_task(self._every(TICK_SECONDS, self._sweep.tick), name="sweep"),
            asyncio.create_task(self._every(ROOMS_SECONDS, self._close_rooms), name="rooms"),
            asyncio.create_task(self._every(STUDIO_SECONDS, self._tick_dashboards), name="studio-ticks"),
            asyncio.create_task(self._every(MARK_SECONDS, self._presence.write_marks), name="presence"),
            asyncio.create_task(
                self._every(self._settings.viewer_count_seconds, self._count_viewers), name="viewer-count"
            ),
        ]
        try:
            async with asyncio.timeout(10):
                await started.wait()
            yield self
        finally:
            for session in list(self.sessions):
                session.connection.shutdown()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            await self._end(loops)
            await self._people.close()
