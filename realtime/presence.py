"""Who is watching: stays as events for the analytics, and the room's count of viewers.

A viewer is present while heartbeats come, so the count outlives any gateway; one gateway a room announces it. A stay
begins no earlier than its stream and ends with it; until then whoever is connected waits, counted but without a stay.
"""

import asyncio
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import structlog

from livestreamx import keys
from livestreamx.clock import at_ms, now, now_ms, uuid7
from livestreamx.errors import Unavailable
from livestreamx.events import Event, ViewerHeartbeat, ViewerJoined, ViewerLeft
from livestreamx.frames import Heartbeat, ViewerCount
from livestreamx.frames.answers import Done
from realtime.context import Context
from realtime.rooms import Room, Rooms
from realtime.session import Attendance, Session

ANONYMOUS_AFTER_MS = 3000
"""Whoever has not signed in by then is an anonymous viewer."""
MARK_SECONDS = 0.5
"""How long marks of presence wait for others, to be written together."""
COUNTED_STATES = frozenset({"scheduled", "live"})
KEPT_SECONDS = 24 * 3600

# KEYS: the counter's lease, viewers. ARGV: this gateway, how long the lease holds (ms), the oldest beat that counts.
# Answers the number of viewers, or -1 where another gateway counts.
COUNT = """
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return -1 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[3])
return redis.call('ZCARD', KEYS[2])
"""

# KEYS: viewers. ARGV: viewer, when this gateway last marked them. Another gateway may have marked them since.
FORGET = """
local marked = redis.call('ZSCORE', KEYS[1], ARGV[1])
if marked and tonumber(marked) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
"""

log = structlog.get_logger("realtime")


class Here(msgspec.Struct, gc=False):
    """One viewer of one room: how many sockets they have on this gateway, and when it last marked them (ms)."""

    sockets: int = 0
    marked_at: int = 0


class Presence:
    """Keeps the stays of this gateway's viewers; one a process."""

    def __init__(self, gateway: str, context: Context, rooms: Rooms) -> None:
        self._gateway, self._settings, self._rooms = gateway, context.settings, rooms
        self._redis, self._bus, self._emitter = context.redis, context.bus, context.emitter
        self._count = context.redis.register_script(COUNT)
        self._forget = context.redis.register_script(FORGET)
        self._here: dict[UUID, dict[UUID | str, Here]] = {}
        self._marks: dict[UUID, dict[UUID | str, int]] = {}

    async def enter(self, session: Session) -> None:
        """Begin a stay, as whoever is signed in; the stay of another identity on this socket ends."""
        claims = session.claims
        viewer = claims.sub if claims else session.visitor.anon_id
        if session.attendance and session.attendance.viewer == viewer:
            await self.follow(session)
            return
        await self.leave(session)
        if not session.counted or session.connection.closing or session.room.stream.status not in COUNTED_STATES:
            return
        if claims and claims.sub == session.room.stream.creatorId:
            return
        at = now_ms()
        session.attendance = Attendance(viewer, at, at)
        self._here.setdefault(session.room.id, {}).setdefault(viewer, Here()).sockets += 1
        self._mark(session.room, viewer, at)
        await self.follow(session)

    def is_behind(self, session: Session) -> bool:
        """Whether `follow` has something to do."""
        stay, status = session.attendance, session.room.stream.status
        if stay is None or (status == "live" and not stay.waiting):
            return False
        return status != "scheduled" or now_ms() - self._here[session.room.id][stay.viewer].marked_at >= self._often

    async def follow(self, session: Session) -> None:
        """Let a stay go the way of its stream: it waits for the start, begins with it, and ends with the end."""
        stay, stream = session.attendance, session.room.stream
        if stay is None:
            return
        if stream.status not in COUNTED_STATES:
            await self.leave(session)
        elif stay.waiting and stream.status == "live":
            stay.waiting = False
            stay.since = stay.beat_at = max(stay.since, ms_of(stream.startedAt, 0))
            visitor = session.visitor
            joined = ViewerJoined(
                **self._who(session, stay, stay.since), device=visitor.device, referrer=visitor.referrer
            )
            await self._emit(joined)
        elif stay.waiting:
            self._mark(session.room, stay.viewer, now_ms())

    @property
    def _often(self) -> int:
        """Signs of life that are closer together (ms) count as one."""
        return self._settings.heartbeat_seconds * 1000 // 3

    async def beat(self, session: Session, request: Heartbeat) -> Done:
        """The viewer is still there; beats that come too often count as one. `not_live`."""
        await self._rooms.require_live(session.room)
        await self.enter(session)
        stay, at = session.attendance, now_ms()
        if stay is not None and (at - stay.beat_at >= self._often or stay.beat_at == stay.since):
            stay.beat_at = max(at, stay.since + 1)
            self._mark(session.room, stay.viewer, at)
            who = self._who(session, stay, at)
            source: Literal["live", "segment"] = "segment" if session.room.shows_clip else "live"
            await self._emitter.emit(ViewerHeartbeat(**who, focus=request.focus, source=source))
        return Done()

    async def leave(self, session: Session) -> None:
        """End the stay, if there is one; that of a stream that is over ended with it."""
        stay, session.attendance = session.attendance, None
        if stay is None:
            return
        room, here_now = session.room, self._here[session.room.id]
        at = now_ms()
        until = max(stay.since, min(at, ms_of(room.stream.endedAt, at)))
        who = self._who(session, stay, until)
        session.session_id = uuid7().hex
        here = here_now[stay.viewer]
        here.sockets -= 1
        if not here.sockets:
            del here_now[stay.viewer]
            if not here_now:
                del self._here[room.id]
            await self._forget(keys=[keys.room_viewers(room.id)], args=[member(stay.viewer), here.marked_at])
        if not stay.waiting:
            await self._emit(ViewerLeft(**who, watched_ms=until - stay.since))

    async def announce_counts(self, rooms: list[Room]) -> None:
        """Publish `viewer:count` for the rooms whose count falls to this gateway now."""
        oldest = now_ms() - self._settings.session_gap_seconds * 1000
        lease = int(self._settings.viewer_count_seconds * 1000 * 0.9)
        counted = [room for room in rooms if room.stream.status in COUNTED_STATES and not room.is_empty]
        if not counted:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for room in counted:
                names = [keys.room_counter(room.id), keys.room_viewers(room.id)]
                await self._count(keys=names, args=[self._gateway, lease, oldest], client=pipe)
            counts = await pipe.execute()
        await asyncio.gather(
            *(
                self._bus.publish(room.id, "viewer:count", ViewerCount(viewers=count, asOf=now()))
                for room, count in zip(counted, counts, strict=True)
                if count >= 0
            )
        )

    def _mark(self, room: Room, viewer: UUID | str, at: int) -> None:
        if here := self._here.get(room.id, {}).get(viewer):
            here.marked_at = at
            self._marks.setdefault(room.id, {})[viewer] = at

    async def write_marks(self) -> None:
        """Tell Redis who was heard of since the last time."""
        marks, self._marks = self._marks, {}
        if not marks:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for room, viewers in marks.items():
                # Who has left meanwhile is not brought back.
                here = self._here.get(room, {})
                still = {member(viewer): at for viewer, at in viewers.items() if viewer in here}
                if still:
                    pipe.zadd(keys.room_viewers(room), still)
                    pipe.expire(keys.room_viewers(room), KEPT_SECONDS)
            await pipe.execute()

    def _who(self, session: Session, stay: Attendance, at: int) -> dict[str, Any]:
        is_signed_in = isinstance(stay.viewer, UUID)
        return {
            "occurred_at": at_ms(at),
            "stream_id": session.room.id,
            "creator_id": session.room.stream.creatorId,
            "user_id": stay.viewer if is_signed_in else None,
            "anon_id": None if is_signed_in else stay.viewer,
            "session_id": session.session_id,
        }

    async def _emit(self, event: Event) -> None:
        """Nobody waits for these: heartbeats tell the analytics the same when one is lost."""
        try:
            await self._emitter.emit(event)
        except Unavailable as error:
            log.warning("presence_not_recorded", error=error.detail)


def member(viewer: UUID | str) -> str:
    """A viewer as Redis counts them in a room: who is signed in, or an anonymous one."""
    return f"user:{viewer}" if isinstance(viewer, UUID) else f"anon:{viewer}"


def ms_of(at: datetime | None, otherwise: int) -> int:
    """A moment in ms since the epoch."""
    return int(at.timestamp() * 1000) if at else otherwise
