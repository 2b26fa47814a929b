"""The pulse of a stream for the dashboards that are open: read once a room, told to whoever runs it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from redis.asyncio import Redis as AsyncRedis

from domain.streams.pulse import take_pulse
from domain.streams.velocity import take_velocity
from livestreamx.clock import now
from livestreamx.frames import AnalyticsTick
from realtime.rooms import Room
from realtime.session import STUDIO, Session

STUDIO_SECONDS = 5.0


class StudioTicks:
    """Tells `analytics:tick`; one a process."""

    def __init__(self, redis: AsyncRedis, session_gap_seconds: int) -> None:
        self._redis, self._gap_seconds = redis, session_gap_seconds

    async def tell(self, sessions: Iterable[Session]) -> None:
        """A tick for every dashboard whose owner is signed in."""
        by_room: defaultdict[Room, list[Session]] = defaultdict(list)
        for session in sessions:
            if session.view == STUDIO and session.runs and session.generation:
                by_room[session.room].append(session)
        ticks = await asyncio.gather(*map(self._read, by_room))
        for tick, dashboards in zip(ticks, by_room.values(), strict=True):
            for session in dashboards:
                if not session.connection.closing:
                    session.tell("analytics:tick", tick)

    async def _read(self, room: Room) -> AnalyticsTick:
        pulse = await take_pulse(self._redis, room.id, self._gap_seconds)
        velocity = await take_velocity(self._redis, room.id)
        return AnalyticsTick(
            viewers=pulse.viewers,
            messages=pulse.messages,
            giftTokens=pulse.gift_tokens,
            avgWatchMs=pulse.average_watch_ms,
            messagesPerSecond=velocity.messages,
            reactionsPerSecond=velocity.reactions,
            reactionZ=velocity.reaction_z,
            tokensInWindow=velocity.tokens,
            asOf=now(),
        )
