"""Frames for one person: whoever has sockets here is listened for, and every one of their sockets is told."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError

from domain.moderation.news import STANDING, StandingNews
from livestreamx import keys
from livestreamx.engines.redis import connect_once
from realtime.session import Session

RETRY_SECONDS = (0.05, 1.0)
POLL_SECONDS = 5.0

log = structlog.get_logger("realtime")


class PersonFrame(msgspec.Struct, frozen=True):
    """What is published for a person."""

    event: str
    data: msgspec.Raw


class People:
    """Who is signed in on this gateway, by user."""

    def __init__(self, url: str, gateway: str, reconsider: Callable[[Session], None]) -> None:
        """`reconsider` is told of sockets whose person's standing changed, or may have while nobody listened."""
        self._reconsider = reconsider
        self._url = url
        self._own = keys.gateway_wake(gateway)
        self._sessions: dict[UUID, tuple[Session, ...]] = {}
        self._pubsub = connect_once(url).pubsub(ignore_subscribe_messages=True)
        self._decode = msgspec.json.Decoder(PersonFrame).decode

    async def add(self, user: UUID, session: Session) -> None:
        """Listen for this person."""
        sessions = self._sessions.get(user, ())
        self._sessions[user] = (*sessions, session)
        if not sessions:
            await self._pubsub.subscribe(keys.person_channel(user))

    async def remove(self, user: UUID, session: Session) -> None:
        sessions = tuple(one for one in self._sessions.get(user, ()) if one is not session)
        if sessions:
            self._sessions[user] = sessions
        elif self._sessions.pop(user, None) is not None:
            await self._pubsub.unsubscribe(keys.person_channel(user))

    async def run(self) -> None:
        """Pass frames on until cancelled; outages of Redis are waited out."""
        wait = RETRY_SECONDS[0]
        while True:
            try:
                # A channel of our own keeps the connection open while nobody is signed in.
                await self._pubsub.subscribe(self._own, *map(keys.person_channel, self._sessions))
                wait = RETRY_SECONDS[0]
                for session in [one for sessions in self._sessions.values() for one in sessions]:
                    self._reconsider(session)  # its news were not heard meanwhile
                while True:
                    message = await self._pubsub.get_message(timeout=POLL_SECONDS)
                    if message is not None:
                        self._tell(message["channel"], message["data"])
            except (RedisError, OSError) as error:
                log.warning("person_channels_lost", error=str(error), retry_seconds=wait)
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
                self._pubsub = connect_once(self._url).pubsub(ignore_subscribe_messages=True)
                await asyncio.sleep(wait)
                wait = min(2 * wait, RETRY_SECONDS[1])

    def _tell(self, channel: bytes, data: bytes) -> None:
        try:
            user = UUID(channel.decode().rpartition(":")[2])
            frame = self._decode(data)
            is_standing = frame.event == STANDING
            creator = msgspec.json.decode(frame.data, type=StandingNews).creator_id if is_standing else None
        except (ValueError, msgspec.DecodeError) as error:
            log.error("person_frame_unreadable", channel=channel.decode(), error=str(error))
            return
        for session in self._sessions.get(user, ()):
            if creator is None:
                session.tell(frame.event, frame.data)
            elif session.room.stream.creatorId == creator:
                self._reconsider(session)

    async def close(self) -> None:
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
