"""Chat: a message passes mode, filters and limits, is recorded in Kafka, shown to the room, and then acknowledged."""

from datetime import timedelta

from domain.chat.admission import Admission, Attempt, Stop
from domain.chat.filters import ALLOWED, Verdict
from domain.chat.folding import fold
from domain.chat.holding import hold
from domain.chat.model import ModeRestricted, Refused
from domain.chat.modes import ModeGuard
from domain.chat.showing import Showing
from domain.chat.similarity import likeness
from domain.text import clean_text
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.throttle import Limit
from livestreamx.errors import DomainError, Invalid, TooMany
from livestreamx.events import ChatMessage
from livestreamx.frames import ChatMode, ChatShown, Person, Say
from livestreamx.frames.answers import ChatAccepted
from livestreamx.observe.request import request_id
from realtime.context import Context
from realtime.filters import Filters
from realtime.rooms import Room, Rooms
from realtime.session import Session

FLOOD_SECONDS = 10
"""How long a flooded room is slowed down, and how long each viewer waits between two messages then."""


class Chat:
    """Takes messages; one a process."""

    def __init__(self, context: Context, rooms: Rooms, showing: Showing) -> None:
        settings = context.settings
        self._context, self._rooms, self._showing = context, rooms, showing
        self._admission = Admission(context.redis, settings)
        self._modes, self._filters = ModeGuard(context.pool), Filters(context.pool, context.redis)
        self._viewer = Limit("chat", settings.chat_burst, settings.chat_burst * settings.chat_refill_seconds)
        self._room = Limit("chat-room", settings.room_messages_per_second, 1)

    async def say(self, session: Session, request: Say) -> ChatAccepted:
        """Once the room sees it, or held when a moderator decides.

        `not_live`, `invalid`, `mode_restricted`, `blocked_term`, `message_refused`, `rate_limited`,
        `duplicate_message`, `unavailable`.
        """
        room, person = session.room, session.person
        assert person is not None
        await self._rooms.require_live(room)
        text = clean_text(request.text)
        if not text:
            raise Invalid("text: nothing visible is left of it")
        said = self._write(session, person, text, request)
        verdict = await self._pass(session, said)
        if verdict.action == "hold":
            await hold(self._context.pool, said, verdict.reasons, request_id())
            return ChatAccepted(messageId=said.message_id, createdAt=said.occurred_at, state="held")
        await self._context.emitter.emit(said, request_id=request_id())
        shown = ChatShown(
            messageId=said.message_id, user=person, text=text, createdAt=said.occurred_at, replyTo=request.replyTo
        )
        await self._showing.message(room.id, shown)
        return ChatAccepted(messageId=said.message_id, createdAt=said.occurred_at)

    def _write(self, session: Session, person: Person, text: str, request: Say) -> ChatMessage:
        return ChatMessage(
            stream_id=session.room.id,
            creator_id=session.room.stream.creatorId,
            user_id=session.user.sub,
            session_id=session.session_id,
            message_id=uuid7(),
            handle=person.handle,
            text=text,
            length=len(text),
            reply_to=request.replyTo,
        )

    async def _pass(self, session: Session, said: ChatMessage) -> Verdict:
        """Count the message if mode, filters and limits let it through, by the filters that are in force then."""
        room, channel = session.room, session.room.stream.creatorId
        if session.moderates:
            await self._admit(session, said)
            return ALLOWED
        await self._modes.require(room.mode, session.user.sub, channel, said.text)
        rules = await self._filters.of(channel)
        while True:
            verdict = rules.filter.judge(said.text, shield=room.mode.shield)
            if verdict.action == "refuse":
                if await self._filters.in_force(channel, rules):
                    raise Refused(verdict.reasons)
            elif await self._admit(session, said, rules.version):
                return verdict
            rules = await self._filters.read(channel)

    async def _admit(self, session: Session, said: ChatMessage, version: bytes = b"") -> bool:
        """A bucket for the viewer, a cap for the room, slow mode, nothing said over and over; moderators are free.

        False, and nothing counted, when the filters are not those of `version` any more.
        """
        room, user = session.room, session.user.sub
        attempt = Attempt(
            stream_id=room.id,
            creator_id=room.stream.creatorId,
            user_id=user,
            message_id=said.message_id,
            likeness=likeness(fold(said.text)),
            version=version,
            unique=room.mode.uniqueOnly,
            free=session.moderates,
        )
        limits = [] if session.moderates else self._limits(room, str(user))
        stop = await self._admission.ask(attempt, *limits)
        if stop is None:
            return True
        if stop.why == "outdated":
            return False
        raise await self._refusal(room, stop)

    def _limits(self, room: Room, user: str) -> list[tuple[Limit, str]]:
        limits = [(self._viewer, user), (self._room, str(room.id))]
        if seconds := max(room.mode.slowSeconds, room.slow_seconds):
            # A limit of its own for each length: a shorter slow mode is not waited for as long as the one before.
            limits.insert(0, (Limit(f"chat-slow-{seconds}", 1, seconds), f"{room.id}:{user}"))
        return limits

    async def _refusal(self, room: Room, stop: Stop) -> DomainError:
        """Why the message was not taken; a room over its cap is slowed down for all."""
        wait = stop.retry_after_ms
        if stop.why == "not_unique":
            return ModeRestricted("unique", "This was said before")
        if stop.limit is None:
            self._context.metrics.throttled.labels(f"chat-{stop.why}").inc()
            told = "You said this a moment ago" if stop.why == "repeated" else "Many say this already"
            return TooMany(told, retry_after_ms=wait, code="duplicate_message")
        is_slow = stop.limit not in (self._room, self._viewer)
        self._context.metrics.throttled.labels("chat-slow" if is_slow else stop.limit.scope).inc()
        if stop.limit is self._room:
            await self._slow_down(room)
            return TooMany("The chat is too fast: try again in a moment", retry_after_ms=wait)
        if is_slow and room.mode.slowSeconds >= room.slow_seconds:
            return ModeRestricted("slow", f"One message in {room.mode.slowSeconds} seconds", wait)
        return TooMany("You are too fast: slow down", retry_after_ms=wait)

    async def _slow_down(self, room: Room) -> None:
        """Tell the room, once, that it is in slow mode."""
        if room.slow_seconds:
            return
        mode = ChatMode(slowSeconds=FLOOD_SECONDS, until=now() + timedelta(seconds=FLOOD_SECONDS), reason="flood")
        if await self._context.redis.set(keys.room_slow(room.id), "1", nx=True, ex=FLOOD_SECONDS):
            await self._context.bus.publish(room.id, "chat:mode", mode)
