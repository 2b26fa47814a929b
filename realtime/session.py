"""One viewer's connection: its identity, its place in the room, and its frames, answered one by one in order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog
from redis.exceptions import RedisError

from domain.accounts.tokens import Claims
from domain.moderation.model import PLAIN
from livestreamx.clock import made_ms, now_ms, uuid7
from livestreamx.errors import DomainError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from livestreamx.frames import CLIENT_FRAMES, SERVER_ONLY, ClientFrame, Drain, Person, Resume
from livestreamx.observe.metrics import Metrics
from livestreamx.observe.request import adopt_request_id
from realtime.codec import Codec, FrameId, Malformed
from realtime.connection import Connection
from realtime.ring import SharedFrame
from realtime.rooms import Room
from realtime.wire import Close, Op

MOST_UNANSWERED = 16
"""Frames of one connection that may wait for their answer; beyond that, reading pauses."""
FRAMES_PER_SECOND = 100.0
FRAMES_BURST = 200.0
MOST_SLOWED = 500
"""Frames in a row that came faster than that: who goes on is a flooder, and is closed."""

OVERLAY, STUDIO = "/ws/overlay", "/ws/studio"
"""The views that are no viewers."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]
Handler = Callable[["Session", Any], Awaitable[msgspec.Struct]]
log = structlog.get_logger("realtime")


class Visitor(msgspec.Struct, frozen=True, gc=False):
    """What the handshake tells of whoever connects."""

    anon_id: str
    device: str
    referrer: str


class Attendance(msgspec.Struct, gc=False):
    """One stay of one viewer, who is signed in (their id) or not (the anonymous one); times are ms since the epoch.

    `waiting` until the stream is live: then the stay begins, and only then is it an event.
    """

    viewer: UUID | str
    since: int
    beat_at: int
    waiting: bool = True


class Desk(msgspec.Struct, frozen=True):
    """What every session of the gateway shares."""

    handlers: dict[str, Handler]
    join: Callable[["Session", Resume | None], Awaitable[None]]
    restart: Callable[["Session"], Awaitable[None]]
    leave: Callable[["Session"], None]
    spawn: Spawn
    metrics: Metrics


class Message(msgspec.Struct, frozen=True):
    """A client's message as it came."""

    text: bytes
    binary: bool


class Farewell(msgspec.Struct, frozen=True):
    """The gateway parts with this client, who is to come back after so many ms."""

    reconnect_ms: int


Work = Message | Resume | Farewell | None
"""What a session does in turn; None is to come into step with a room that began anew."""


class Session:
    """A connection in a room.

    `covered` is the seq after which it has had every frame; `greeted` once its stay has begun, anonymous or not.
    `session_id` is what its events carry: each stay of a viewer has another one.
    """

    __slots__ = (
        "_answered", "_desk", "_due", "_inbox", "_parting", "_slowed", "_working", "attendance", "channels", "claims",
        "codec", "connection", "covered", "generation", "greeted", "person", "room", "session_id", "standing",
        "standing_asked", "view", "visitor",
    )  # fmt: skip

    connection: Connection

    def __init__(
        self, desk: Desk, room: Room, codec: Codec, channels: frozenset[str] | None, visitor: Visitor, *, view: str
    ) -> None:
        self._desk = desk
        self.room, self.codec, self.channels, self.visitor, self.view = room, codec, channels, visitor, view
        self.claims: Claims | None = None
        self.person: Person | None = None
        self.standing = PLAIN
        self.standing_asked = 0
        self.attendance: Attendance | None = None
        self.covered = self.generation = 0
        self.session_id = uuid7().hex
        self.greeted = False
        self._inbox: list[Work] = []
        self._working = self._parting = False
        self._answered = self._slowed = 0
        self._due = 0.0

    # who it is

    @property
    def user(self) -> Claims:
        """Who is signed in; `Unauthenticated` without anybody."""
        if self.claims is None or self.claims.exp * 1000 <= now_ms():
            raise Unauthenticated
        return self.claims

    @property
    def counted(self) -> bool:
        """Whether it is a viewer's: overlays and dashboards are not."""
        return self.view not in (OVERLAY, STUDIO)

    @property
    def named_at(self) -> int:
        """When it got its id, ms since the epoch: when it came, or when its last stay ended."""
        return made_ms(self.session_id)

    @property
    def moderates(self) -> bool:
        """Whether the person signed in runs this stream or keeps order in its channel."""
        return self.claims is not None and (self.runs or self.standing.moderates)

    @property
    def runs(self) -> bool:
        """Whether the person signed in is its creator or an admin."""
        return self.claims is not None and (self.claims.is_admin or self.claims.sub == self.room.stream.creatorId)

    # what it gets

    def sees(self, frame: SharedFrame) -> bool:
        return self.channels is None or frame.channel in self.channels

    def tell(self, event: str, data: Any) -> None:
        """A private frame."""
        self.connection.send(self.codec.private(event, data))

    def refuse(self, error: DomainError) -> None:
        """An error frame that answers nothing: what was possible is not any more."""
        self.connection.send(self.codec.refusal(None, error))

    # what it sends

    def start(self, connection: Connection, place: Resume | None) -> None:
        """Join the room (a private one once its owner has signed in), then answer what comes."""
        self.connection = connection
        if not self.room.private:
            self._put(place)

    def receive(self, message: bytes, binary: bool) -> None:
        if self._parting:
            return
        self._put(Message(message, binary))
        if len(self._inbox) >= MOST_UNANSWERED:
            self.connection.set_busy(True)

    def come_into_step(self) -> None:
        """The room began anew, or became visible: told in turn with what is being answered."""
        self._put(None)

    def part(self, reconnect_ms: int) -> None:
        """Answer what came so far, then send the client to another gateway with its place."""
        self._parting = True
        self._put(Farewell(reconnect_ms))

    def lost(self) -> None:
        self._desk.leave(self)

    def _put(self, work: Work) -> None:
        self._inbox.append(work)
        if not self._working:
            self._working = True
            self._desk.spawn(self._work())

    async def _work(self) -> None:
        """Take the work in order; what came before a disconnect is still done."""
        while self._inbox:
            work = self._inbox[0]
            if isinstance(work, Message):
                if not await self._rest():
                    break
                self.connection.send(await self._answer(work))
            elif isinstance(work, Farewell):
                self._say_farewell(work)
                break
            else:
                await self._come_in(work)
            del self._inbox[0]
            if len(self._inbox) == MOST_UNANSWERED // 2:
                self.connection.set_busy(False)
        self._working = False

    def _say_farewell(self, farewell: Farewell) -> None:
        """What the client sent after that was not taken: it has no answer, and may be sent again elsewhere."""
        connection, feed = self.connection, self.connection.feed
        self._inbox.clear()
        if feed is not None and self.generation == self.room.generation:
            feed.hold(connection)
            place = Drain(epoch=self.room.epoch, seq=connection.position, reconnectInMs=farewell.reconnect_ms)
            self.tell("gateway:drain", place)
        connection.shutdown()

    async def _come_in(self, place: Resume | None) -> None:
        try:
            if self.generation == 0:
                await self._desk.join(self, place)
            else:
                await self._desk.restart(self)
        except Exception as error:
            self.connection.send(self.codec.refusal(None, as_refusal(error)))
            self.connection.close(Close.TRY_LATER, "the room does not answer: try again")

    async def _rest(self) -> bool:
        """Slow a flood down to `FRAMES_PER_SECOND`: what follows waits at the sender. False for one that is over."""
        # The virtual scheduling of the generic cell rate algorithm (ITU-T I.371): one number a connection.
        at = asyncio.get_running_loop().time()
        self._due = max(self._due, at - FRAMES_BURST / FRAMES_PER_SECOND) + 1 / FRAMES_PER_SECOND
        if self._due <= at:
            self._slowed = 0
            return True
        self._slowed += 1
        if self._slowed > MOST_SLOWED:
            self._inbox.clear()
            self._desk.metrics.drops.labels("flood").inc()
            self.connection.close(Close.POLICY, "too many messages")
            return False
        await asyncio.sleep(self._due - at)
        return True

    async def _answer(self, message: Message) -> bytes:
        frame_id: FrameId = None
        event, outcome = "unreadable", "ack"
        self._answered += 1
        adopt_request_id(f"{self.session_id}.{self._answered}")
        try:
            if message.binary != (self.codec.op == Op.BINARY):
                raise Malformed(f"{self.codec.subprotocol} does not come in {'binary' if message.binary else 'text'}")
            frame = self.codec.read(message.text)
            frame_id = frame.id
            event = frame.event if frame.event in CLIENT_FRAMES else "unknown"
            return self.codec.ack(frame_id, await self._handle(frame))
        except Exception as error:
            refusal = as_refusal(error)
            outcome = refusal.given_code
            if event == "unreadable":
                frame_id = self.codec.read_id(message.text)
            return self.codec.refusal(frame_id, refusal)
        finally:
            self._desk.metrics.frames.labels(event, outcome).inc()

    async def _handle(self, frame: ClientFrame) -> msgspec.Struct:
        """The ack's data; a `DomainError` for whatever the sender may not do."""
        if frame.event in SERVER_ONLY:
            raise Forbidden(f"{frame.event} comes from the server only", code="server_only_event")
        kind = CLIENT_FRAMES.get(frame.event)
        if kind is None or frame.event not in self._desk.handlers:
            raise Invalid(f"There is no event {frame.event}", code="unknown_event")
        if self.generation == 0 and frame.event != "auth":
            raise NotFound("There is no such stream", code="stream_not_found")
        if kind.sender != "anyone":
            _ = self.user
            if not self.runs:
                self.standing.require_welcome()
        if kind.sender == "moderator" and not self.moderates:
            raise Forbidden("Only the creator and moderators may do that")
        return await self._desk.handlers[frame.event](self, self.codec.read_data(frame))


def as_refusal(error: Exception) -> DomainError:
    """What the client is told: a refusal as it is, an outage as `unavailable`, a fault of ours as `internal`."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, psycopg.DataError):
        return Invalid("A value is outside what can be stored")
    if isinstance(error, RedisError | psycopg.OperationalError | psycopg.InterfaceError | OSError):
        log.warning("engine_unavailable", error=f"{type(error).__name__}: {error}")
        return Unavailable()
    log.error("frame_failed", exc_info=error)
    return DomainError("Something went wrong on our side", code="internal")
