"""Rooms with viewers on this gateway: their frames, their feeds and what a newcomer is told.

A room is opened once however many arrive together, and closed a while after the last one left.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.chat import queries as chats
from domain.chat.model import StreamChat
from domain.chat.showing import mode_frame, pinned_frame
from domain.streams import service as streams
from domain.streams.model import Stream
from livestreamx.clock import now
from livestreamx.engines.bus import Frame
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Conflict, Unavailable
from livestreamx.frames import ChatMode, ChatPinned, StreamState
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from realtime.codec import Codec
from realtime.fanout import Feed
from realtime.history import NOTHING, History, Numbering, Snapshot, read_history, read_snapshot
from realtime.ring import Ring, SharedFrame

SNAPSHOT_SECONDS = 1.0
"""How long one snapshot serves all who come, unless something happened since."""
REACH_SECONDS = 5.0
LINGER_SECONDS = 30.0
OPENING_ATTEMPTS = 10
OPENING_PAUSE_SECONDS = 0.1
STAGES = {"scheduled": 0, "live": 1, "ended": 2, "cancelled": 2, "archived": 3}

T = TypeVar("T", bound=msgspec.Struct)

log = structlog.get_logger("realtime")


def shown(stream: Stream) -> StreamState:
    """A stream as its room sees it."""
    return StreamState(
        id=stream.id,
        creatorId=stream.creator_id,
        creator=stream.creator,
        title=stream.title,
        category=stream.category,
        status=stream.status,
        startedAt=stream.started_at,
        endedAt=stream.ended_at,
    )


class Room:
    """One stream's room on this gateway."""

    def __init__(self, stream: Stream, settings: Settings, redis: AsyncRedis, metrics: Metrics) -> None:
        self.id = stream.id
        self.private = stream.visibility == "private"
        self.stream = shown(stream)
        self.numbering = Numbering("", "")
        self.generation = 0
        """How often the room began anew: whoever was told before that is out of step."""
        self.ring = Ring(settings.history_frames)
        self.feeds: dict[tuple[frozenset[str] | None, Codec], Feed] = {}
        self.mode, self.pinned = ChatMode(), ChatPinned(pinned=None, version=0)
        self.slow: ChatMode | None = None
        """Slowed down by itself, beside its mode."""
        self.shows_clip: bool | None = None
        """Whether a clip is on air; None until something tells."""
        self.idle_since = asyncio.get_running_loop().time()
        self._settings, self._redis, self._metrics = settings, redis, metrics
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._snapshot: tuple[float, Snapshot] | None = None
        self._reading: asyncio.Task[Snapshot] | None = None

    @property
    def epoch(self) -> str:
        return str(self.numbering)

    @property
    def is_empty(self) -> bool:
        return all(feed.is_empty for feed in self.feeds.values())

    @property
    def behind(self) -> int:
        """How many connections are fed from the ring."""
        return sum(len(feed.behind) for feed in self.feeds.values())

    def feed(self, channels: frozenset[str] | None, codec: Codec) -> Feed:
        """The feed of everybody who sees these channels in this encoding."""
        found = self.feeds.get((channels, codec))
        if found is None:
            coalesce = self._settings.coalesce
            found = Feed(self.ring, channels, codec, self._metrics, coalesce=coalesce)
            self.feeds[channels, codec] = found
        return found

    def drop_empty_feeds(self) -> None:
        self.feeds = {key: feed for key, feed in self.feeds.items() if not feed.is_empty}

    # frames

    def restart(self, history: History) -> None:
        """Begin from what Redis holds; every connection is held until it is told."""
        self.generation += 1
        self.numbering = history.numbering
        self.ring.restart(map(SharedFrame, history.frames), history.top)
        self._snapshot = None
        for feed in self.feeds.values():
            feed.restart()
        self._wake()

    def append(self, frame: Frame) -> bool:
        """Take the next frame from the bus; False when frames before it are missing."""
        if frame.seq <= self.ring.top:
            return True
        if frame.seq != self.ring.top + 1:
            return False
        shared = SharedFrame(frame)
        self.ring.append(shared)
        if frame.event == "stream:state":
            self._note(frame, StreamState, self.note_stream)
        elif frame.event == "chat:mode":
            self._note(frame, ChatMode, self._note_mode)
        elif frame.event == "chat:pinned":
            self._note(frame, ChatPinned, self._note_pinned)
        elif frame.event in ("segment:start", "segment:end"):
            self.shows_clip = frame.event == "segment:start"
        for feed in self.feeds.values():
            feed.append(shared)
        if self._waiting:
            self._wake()
        return True

    def _note(self, frame: Frame, kind: type[T], note: Callable[[T], None]) -> None:
        try:
            note(msgspec.json.decode(frame.data, type=kind))
        except msgspec.DecodeError as error:
            log.error("room_frame_unreadable", event_name=frame.event, seq=frame.seq, error=str(error))

    def note_chat(self, chat: StreamChat) -> None:
        """Know how the moderators set the chat."""
        self._note_mode(mode_frame(chat))
        self._note_pinned(pinned_frame(chat))

    def _note_mode(self, mode: ChatMode) -> None:
        if mode.reason == "flood":
            self.slow = mode
        elif mode.version >= self.mode.version:
            self.mode = mode

    def _note_pinned(self, pinned: ChatPinned) -> None:
        if pinned.version >= self.pinned.version:
            self.pinned = pinned

    def note_stream(self, state: StreamState) -> None:
        """Know what became of the stream; news that come late do not turn it back."""
        if STAGES.get(state.status, 0) >= STAGES.get(self.stream.status, 0):
            self.stream = state

    @property
    def slow_seconds(self) -> int:
        """Seconds between two messages of one viewer while the room is slowed down, else 0."""
        slow = self.slow
        return slow.slowSeconds if slow and slow.until and slow.until > now() else 0

    def _wake(self) -> None:
        for seq, waiter in self._waiting:
            if seq <= self.ring.top and not waiter.done():
                waiter.set_result(None)
        self._waiting = [(seq, waiter) for seq, waiter in self._waiting if not waiter.done()]

    async def reached(self, seq: int) -> None:
        """Wait until the bus has brought `seq` here; `Unavailable` when it does not in time."""
        if seq <= self.ring.top:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((seq, waiter))
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await waiter
        except TimeoutError as error:
            raise Unavailable("The room does not answer") from error

    # what a newcomer is told

    async def snapshot(self, at_least: int = 0) -> Snapshot:
        """The room as of a seq not before `at_least`; one reading serves all who ask together.

        A numbering that began anew may be before `at_least`: the second reading is the truth.
        """
        if self._snapshot:
            read_at, snapshot = self._snapshot
            if asyncio.get_running_loop().time() - read_at < SNAPSHOT_SECONDS and snapshot.seq >= at_least:
                return snapshot
        snapshot = await self._shared_reading()
        return snapshot if snapshot.seq >= at_least else await self._shared_reading()

    async def _shared_reading(self) -> Snapshot:
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_snapshot())
            self._reading.add_done_callback(self._has_read)
        return await asyncio.shield(self._reading)

    async def _read_snapshot(self) -> Snapshot:
        settings = self._settings
        snapshot = await read_snapshot(
            self._redis, self.id, chat=settings.chat_history, present_ms=settings.session_gap_seconds * 1000
        )
        self._snapshot = (asyncio.get_running_loop().time(), snapshot)
        if self.shows_clip is None:
            self.shows_clip = snapshot.segment != NOTHING
        return snapshot

    def _has_read(self, _: asyncio.Task[Snapshot]) -> None:
        self._reading = None


class Rooms:
    """The open rooms of this gateway. `on_open` is told of each; it returns once the bus is being read for it."""

    def __init__(self, settings: Settings, pool: Pool, redis: AsyncRedis, metrics: Metrics) -> None:
        self.open: dict[UUID, Room] = {}
        self._settings, self._pool, self._redis, self._metrics = settings, pool, redis, metrics
        self._opening: dict[UUID, asyncio.Task[Room]] = {}

    async def enter(self, stream: UUID, follow: Callable[[Room, History], bool]) -> Room:
        """The room of a stream; `NotFound` without one.

        `follow` puts a new room on the bus and says whether the history read for it still holds.
        """
        if room := self.open.get(stream):
            room.idle_since = asyncio.get_running_loop().time()
            return room
        task = self._opening.get(stream)
        if task is None:
            task = self._opening[stream] = asyncio.create_task(self._open(stream, follow))
            task.add_done_callback(lambda _: self._opening.pop(stream, None))
        return await asyncio.shield(task)

    async def _open(self, stream: UUID, follow: Callable[[Room, History], bool]) -> Room:
        async with connection(self._pool) as db:
            room = Room(await streams.find(db, stream), self._settings, self._redis, self._metrics)
            room.note_chat(await chats.chat(db, stream))
        for _ in range(OPENING_ATTEMPTS):
            if follow(room, await self.history(stream)):
                self.open[stream] = room
                await self.refresh(room)  # what changed before the bus was read
                return room
            await asyncio.sleep(OPENING_PAUSE_SECONDS)
        raise Unavailable("The room bus is coming back: try again")

    async def history(self, stream: UUID) -> History:
        return await read_history(self._redis, stream, self._settings.history_frames, secrets.token_hex(4))

    async def refresh(self, room: Room) -> None:
        """Ask the database what became of the stream and its chat."""
        async with connection(self._pool) as db:
            room.note_stream(shown(await streams.find(db, room.id)))
            room.note_chat(await chats.chat(db, room.id))

    async def require_live(self, room: Room) -> None:
        """`Conflict` with code `not_live` unless the stream is on air."""
        if room.stream.status == "scheduled":
            # The news of its start may still be on the way.
            await self.refresh(room)
        if room.stream.status != "live":
            raise Conflict("The stream is not live", code="not_live")

    def close_idle(self, at: float) -> list[Room]:
        """Close the rooms that nobody has been in for a while."""
        closed = []
        for room in list(self.open.values()):
            if not room.is_empty:
                room.idle_since = at
                room.drop_empty_feeds()
            elif at - room.idle_since > LINGER_SECONDS:
                closed.append(self.open.pop(room.id))
        return closed
