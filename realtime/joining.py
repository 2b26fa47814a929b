"""How a connection comes into step with its room: joining, resuming where it was, and starting over.

What it is told first names a seq; every frame after that seq follows, in order, once.
"""

from datetime import datetime, timedelta

from livestreamx.clock import now
from livestreamx.errors import Unavailable
from livestreamx.frames import Resume, ResumeTruncated
from livestreamx.frames.answers import Resumed
from livestreamx.settings import Settings
from realtime.bus_reader import BusReader
from realtime.history import Snapshot
from realtime.rooms import Room
from realtime.session import Session

ATTEMPTS = 5


class Joining:
    """Brings sessions into step; one a process."""

    def __init__(self, reader: BusReader, settings: Settings) -> None:
        self._reader = reader
        self._history = timedelta(seconds=settings.history_seconds)

    async def join(self, session: Session, place: Resume | None) -> None:
        """Let a new connection in: after `place` if the history reaches back to it, else from a snapshot on."""
        room = session.room
        room.feed(session.channels, session.codec).enter(session.connection)
        if place is None:
            await self._start_over(session, room.ring.top)
            return
        snapshot = await self._snapshot(room)
        if await self._covers(room, place):
            self._tell_state(session, snapshot, place.seq, with_chat=False)
            self._go_on(session, place.seq)
        else:
            await self._truncate(session)

    async def resume(self, session: Session, place: Resume) -> Resumed:
        """Send what lies between `place` and what this connection has, or start over."""
        room = session.room
        if not await self._covers(room, place):
            await self._truncate(session)
            return Resumed(recovered=False)
        replayed = self._send(session, place.seq, session.covered)
        session.covered = min(session.covered, place.seq)
        return Resumed(recovered=True, replayed=replayed)

    async def restart(self, session: Session) -> None:
        """The room began anew: tell those who are still in the old one."""
        if session.generation != session.room.generation:
            await self._truncate(session)

    async def _covers(self, room: Room, place: Resume) -> bool:
        """Whether every frame after the place is still here, and young enough."""
        if place.epoch != room.epoch:
            return False
        if place.seq > room.ring.top:
            # Another gateway may be a moment ahead, but not by a whole history.
            if place.seq > room.ring.top + room.ring.size:
                return False
            try:
                await room.reached(place.seq)
            except Unavailable:
                return False
        if place.epoch != room.epoch or not room.ring.reaches(place.seq):
            return False
        oldest = next(room.ring.between(place.seq, place.seq + 1), None)
        return oldest is None or now() - datetime.fromisoformat(oldest.frame.ts) <= self._history

    async def _truncate(self, session: Session) -> None:
        room = session.room
        top = room.ring.top
        session.tell("resume:truncated", ResumeTruncated(epoch=room.epoch, seq=top))
        await self._start_over(session, top)

    async def _start_over(self, session: Session, at_least: int) -> None:
        """A snapshot, exact as of its seq, and from there on every frame."""
        room, connection = session.room, session.connection
        for _ in range(ATTEMPTS):
            in_step = session.generation == room.generation
            if connection.feed is not None:
                connection.feed.hold(connection)
            generation = room.generation
            # The numbering may begin anew in between: then nothing of the old one counts.
            snapshot = await self._snapshot(room, max(at_least, connection.position) if in_step else at_least)
            await room.reached(snapshot.seq)
            if room.generation != generation:
                continue
            if in_step:
                self._send(session, connection.position, snapshot.seq)
            self._tell_state(session, snapshot, snapshot.seq, with_chat=True)
            self._go_on(session, snapshot.seq)
            return
        raise Unavailable("The room is being restored: try again")

    def _send(self, session: Session, after: int, until: int) -> int:
        """The frames with `after < seq <= until` that the session sees; how many."""
        frames = session.room.ring.between(after, until)
        sealed = [frame.sealed(session.codec) for frame in frames if session.sees(frame)]
        if sealed:
            session.connection.send(b"".join(sealed))
        return len(sealed)

    def _go_on(self, session: Session, seq: int) -> None:
        connection = session.connection
        if session.generation != session.room.generation:
            session.covered = seq
        session.generation = session.room.generation
        if connection.feed is not None:
            connection.feed.release(connection, seq)

    async def _snapshot(self, room: Room, at_least: int = 0) -> Snapshot:
        for _ in range(ATTEMPTS):
            snapshot = await room.snapshot(at_least)
            if snapshot.epoch == room.numbering.epoch:
                return snapshot
            await self._reader.check_epochs()
        raise Unavailable("The room is being restored: try again")

    def _tell_state(self, session: Session, snapshot: Snapshot, seq: int, *, with_chat: bool) -> None:
        """`room:state`; who resumes has the chat already, and gets what followed."""
        session.tell(
            "room:state",
            {
                "epoch": session.room.epoch,
                "seq": seq,
                "stream": session.room.stream,
                "mood": snapshot.mood,
                "poll": snapshot.poll,
                "challenge": snapshot.challenge,
                "questions": snapshot.questions,
                "scene": snapshot.scene,
                "minigame": snapshot.minigame,
                "segment": snapshot.segment,
                "viewers": snapshot.viewers,
                "chat": snapshot.chat if with_chat else (),
                "mode": session.room.mode,
                "pinned": session.room.pinned.pinned,
            },
        )
