"""Chat: a message is cleaned, passes the limits, is recorded in Kafka, shown to the room, and then acknowledged."""

import asyncio
from datetime import timedelta

from redis.exceptions import RedisError

from domain.text import clean_text
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.bus import Recent
from livestreamx.engines.throttle import Limit, Throttle
from livestreamx.errors import Invalid, TooMany, Unavailable
from livestreamx.events import ChatMessage
from livestreamx.frames import ChatMode, ChatShown, Say
from livestreamx.observe.request import request_id
from realtime.context import Context
from realtime.rooms import Room, Rooms
from realtime.session import Session

SLOW_SECONDS = 10
"""How long a flooded room is slowed down, and how long each viewer waits between two messages then."""
SHOW_ATTEMPTS = 5


class Chat:
    """Takes messages; one a process."""

    def __init__(self, context: Context, rooms: Rooms) -> None:
        settings = context.settings
        self._context, self._rooms = context, rooms
        self._throttle = Throttle(context.redis)
        self._kept = settings.chat_history
        self._viewer = Limit("chat", settings.chat_burst, settings.chat_burst * settings.chat_refill_seconds)
        self._room = Limit("chat-room", settings.room_messages_per_second, 1)
        self._slow = Limit("chat-slow", 1, SLOW_SECONDS)

    async def say(self, session: Session, request: Say) -> dict[str, object]:
        """`{messageId, createdAt}` once the room sees it; `not_live`, `invalid`, `rate_limited`, `unavailable`."""
        claims, person, room = session.user, session.person, session.room
        assert person is not None
        await self._rooms.require_live(room)
        text = clean_text(request.text)
        if not text:
            raise Invalid("text: nothing visible is left of it")
        if not session.moderates:
            await self._limit(room, str(claims.sub))
        said = ChatMessage(
            stream_id=room.id,
            creator_id=room.stream.creatorId,
            user_id=claims.sub,
            session_id=session.stay_id,
            message_id=uuid7(),
            handle=person.handle,
            text=text,
            length=len(text),
            reply_to=request.replyTo,
        )
        await self._context.emitter.emit(said, request_id=request_id())
        shown = ChatShown(
            messageId=said.message_id, user=person, text=text, createdAt=said.occurred_at, replyTo=request.replyTo
        )
        await self._show(room, shown)
        return {"messageId": said.message_id, "createdAt": said.occurred_at}

    async def _limit(self, room: Room, user: str) -> None:
        """A token bucket for the viewer and a cap for the room; a room over its cap is slowed down for all."""
        limits = [(self._viewer, user), (self._room, str(room.id))]
        if room.slow_seconds:
            limits.insert(0, (self._slow, f"{room.id}:{user}"))
        refusal = await self._throttle.check(*limits)
        if refusal is None:
            return
        self._context.metrics.throttled.labels(refusal.limit.scope).inc()
        if refusal.limit is self._room:
            await self._slow_down(room)
            raise TooMany("The chat is too fast: try again in a moment", retry_after_ms=refusal.retry_after_ms)
        raise TooMany("You are too fast: slow down", retry_after_ms=refusal.retry_after_ms)

    async def _slow_down(self, room: Room) -> None:
        """Tell the room, once, that it is in slow mode."""
        if room.slow_seconds:
            return
        mode = ChatMode(slowSeconds=SLOW_SECONDS, until=now() + timedelta(seconds=SLOW_SECONDS))
        if await self._context.redis.set(keys.room_slow(room.id), "1", nx=True, ex=SLOW_SECONDS):
            await self._context.bus.publish(room.id, "chat:mode", mode)

    async def _show(self, room: Room, shown: ChatShown) -> None:
        """The event is recorded, so the room must see it: a Redis that restarts is waited for."""
        recent = Recent(keys.room_chat(room.id), self._kept)
        for attempt in range(SHOW_ATTEMPTS):
            try:
                await self._context.bus.publish(
                    room.id, "chat:message", shown, once=shown.messageId, at=shown.createdAt, recent=recent
                )
                return
            except (RedisError, OSError):
                await asyncio.sleep(0.1 * 2**attempt)
        raise Unavailable("The room did not answer: the message is recorded, but was not shown")
