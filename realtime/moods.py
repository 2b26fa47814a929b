"""Reactions: one tap a second on the mood wheel; the mood flow makes the room's mood of them."""

from livestreamx.engines.kafka import Emitter
from livestreamx.engines.throttle import Limit, Throttle
from livestreamx.events import ReactionSent
from livestreamx.frames import React
from livestreamx.frames.answers import Done
from livestreamx.observe.request import request_id
from realtime.rooms import Rooms
from realtime.session import Session

REACTIONS = Limit("react", 1, 1.0)


class Moods:
    """Takes reactions; one a process."""

    def __init__(self, rooms: Rooms, emitter: Emitter, throttle: Throttle) -> None:
        self._rooms, self._emitter, self._throttle = rooms, emitter, throttle

    async def react(self, session: Session, request: React) -> Done:
        """Once it is recorded; `not_live`, `rate_limited`, `unavailable`."""
        claims, room = session.user, session.room
        await self._rooms.require_live(room)
        await self._throttle.require((REACTIONS, str(claims.sub)))
        reaction = ReactionSent(
            stream_id=room.id,
            creator_id=room.stream.creatorId,
            user_id=claims.sub,
            session_id=session.session_id,
            mood=request.mood,
        )
        await self._emitter.emit(reaction, request_id=request_id())
        return Done()
