"""What the room sees of chat: frames on its bus, and the recent messages that newcomers are told.

What is shown has been recorded before, so a Redis that restarts is waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from domain.chat.model import StreamChat
from livestreamx import keys
from livestreamx.engines.bus import Recent, RoomBus
from livestreamx.errors import Unavailable
from livestreamx.frames import (
    ChatCleared,
    ChatDeletedFrame,
    ChatHeld,
    ChatMode,
    ChatPinned,
    ChatShown,
    PinnedMessage,
)

ATTEMPTS = 5

# KEYS: the recent messages. ARGV: a part of their JSON text that those to remove have in common, empty for all.
# Quotes within a message's text are escaped there, so nobody can write such a part.
ERASE = """
local erased = 0
for _, message in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if ARGV[1] == '' or string.find(message, ARGV[1], 1, true) then
    erased = erased + redis.call('LREM', KEYS[1], 1, message)
  end
end
return erased
"""


def mode_frame(chat: StreamChat) -> ChatMode:
    """The chat's mode as the room is told."""
    return ChatMode(
        slowSeconds=chat.mode.slow_seconds,
        followersMinutes=chat.mode.followers_minutes,
        subscribersOnly=chat.mode.subscribers_only,
        emotesOnly=chat.mode.emotes_only,
        uniqueOnly=chat.mode.unique_only,
        shield=chat.mode.shield,
        version=chat.version,
    )


def pinned_frame(chat: StreamChat) -> ChatPinned:
    """What is pinned, as the room is told."""
    pinned = chat.pinned
    if pinned is None:
        return ChatPinned(pinned=None, version=chat.version)
    shown = PinnedMessage(
        messageId=pinned.message_id,
        handle=pinned.handle,
        text=pinned.text,
        pinnedBy=pinned.pinned_by,
        pinnedAt=pinned.pinned_at,
    )
    return ChatPinned(pinned=shown, version=chat.version)


class Showing:
    """Shows chat to rooms; one a process. `Unavailable` when Redis stays away."""

    def __init__(self, redis: AsyncRedis, bus: RoomBus, kept: int) -> None:
        self._redis, self._bus, self._kept = redis, bus, kept
        self._erase = redis.register_script(ERASE)

    async def message(self, stream_id: UUID, shown: ChatShown) -> None:
        """A message, once, and among the recent ones."""
        recent = Recent(keys.room_chat(stream_id), self._kept)
        await _surely(
            lambda: self._bus.publish(
                stream_id, "chat:message", shown, once=shown.messageId, at=shown.createdAt, recent=recent
            )
        )

    async def deletion(self, stream_id: UUID, message_id: UUID) -> None:
        """A message is gone; from the recent ones first, so that no newcomer gets it after the frame."""
        await self._forget(stream_id, f'"messageId":"{message_id}"')
        frame = ChatDeletedFrame(messageId=message_id)
        await _surely(lambda: self._bus.publish(stream_id, "chat:deleted", frame, once=message_id))

    async def clearing(self, stream_id: UUID, user_id: UUID | None) -> None:
        """What one person, or anybody, said is gone."""
        await self._forget(stream_id, f'"user":{{"id":"{user_id}"' if user_id else "")
        await _surely(lambda: self._bus.publish(stream_id, "chat:cleared", ChatCleared(userId=user_id)))

    async def mode(self, stream_id: UUID, chat: StreamChat) -> None:
        await _surely(lambda: self._bus.publish(stream_id, "chat:mode", mode_frame(chat)))

    async def pin(self, stream_id: UUID, chat: StreamChat) -> None:
        await _surely(lambda: self._bus.publish(stream_id, "chat:pinned", pinned_frame(chat)))

    async def fate(self, user_id: UUID, held: ChatHeld) -> None:
        """Tell the author what became of a held message."""
        frame = msgspec.json.encode({"event": "chat:held", "data": held})
        await _surely(lambda: self._redis.publish(keys.person_channel(user_id), frame))

    async def recent(self, stream_id: UUID, message_id: UUID) -> ChatShown | None:
        """A message that newcomers still get."""
        mark = f'"messageId":"{message_id}"'.encode()
        for text in await self._redis.lrange(keys.room_chat(stream_id), 0, self._kept - 1):
            if mark in text:
                return msgspec.json.decode(text, type=ChatShown)
        return None

    async def _forget(self, stream_id: UUID, mark: str) -> None:
        await _surely(lambda: self._erase(keys=[keys.room_chat(stream_id)], args=[mark]))


async def _surely(act: Callable[[], Awaitable[Any]]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            await act()
            return
        except (RedisError, OSError):
            await asyncio.sleep(0.1 * 2**attempt)
    raise Unavailable("The room did not answer: this is recorded, but was not shown")
