"""What moderators do in a chat: taking messages back, clearing, pinning, setting its mode. Recorded, then shown."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.chat import queries
from domain.chat.model import Mode, Pinned, Said, StreamChat, UnknownMessage
from domain.chat.showing import Showing
from domain.moderation import service as moderation
from domain.streams import service as streams
from domain.streams.model import Stream
from domain.text import clean_text
from livestreamx import keys
from livestreamx.clock import made_at, now
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Forbidden
from livestreamx.events import ChatCleared, ChatDeleted, ChatModeChanged, ChatPinChanged
from livestreamx.settings import Settings


async def said_where(redis: AsyncRedis, message_id: UUID) -> Said | None:
    """Where a message of the last day was said, and by whom."""
    found: Any = await redis.get(keys.chat_author(message_id))
    if found is None:
        return None
    stream, _, user = found.decode().partition(":")
    return Said(UUID(stream), UUID(user))


class ChatDesk:
    """Where moderators work on a chat; one a process."""

    def __init__(self, pool: Pool, redis: AsyncRedis, bus: RoomBus, settings: Settings) -> None:
        self.showing = Showing(redis, bus, settings.chat_history)
        self._pool, self._redis = pool, redis
        self._undo = timedelta(seconds=settings.chat_undo_seconds)

    async def delete(
        self, message_id: UUID, claims: Claims, *, reason: str, request_id: str, said: Said | None = None
    ) -> bool:
        """Take a message back; whether it was there. `said` where the caller knows it from the history.

        `UnknownMessage`, or `Forbidden` for who neither keeps order nor wrote it a moment ago.
        """
        said = said or await said_where(self._redis, message_id)
        if said is None:
            raise UnknownMessage()
        async with transaction(self._pool) as db:
            stream = await streams.find(db, said.stream_id)
            moderates = await moderation.may_moderate(db, claims.sub, stream.creator_id)
            if not moderates and not self._is_own(said, message_id, claims):
                raise Forbidden("Only moderators, and for a moment the author, take a message back")
            event = ChatDeleted(
                stream_id=stream.id,
                creator_id=stream.creator_id,
                user_id=claims.sub,
                message_id=message_id,
                author_id=said.user_id,
                reason=clean_text(reason),
            )
            if deleted := await queries.insert_deletion(db, event):
                await self._record_deletion(db, event, request_id, noted=moderates)
            unpinned = await self._unpin_deleted(db, stream, message_id, claims, request_id)
        await self.showing.deletion(stream.id, message_id)
        if unpinned:
            await self.showing.pin(stream.id, unpinned)
        return deleted

    def _is_own(self, said: Said, message_id: UUID, claims: Claims) -> bool:
        return said.user_id == claims.sub and now() - made_at(message_id) <= self._undo

    async def _record_deletion(self, db: Db, deleted: ChatDeleted, request_id: str, *, noted: bool) -> None:
        await record(db, deleted, request_id=request_id)
        if noted:
            await note(
                db,
                actor_id=deleted.user_id,
                action="chat.deleted",
                subject=f"message:{deleted.message_id}",
                before={"author": str(deleted.author_id)},
                after={"reason": deleted.reason},
                request_id=request_id,
                channel_id=deleted.creator_id,
            )

    async def _unpin_deleted(
        self, db: Db, stream: Stream, message_id: UUID, claims: Claims, request_id: str
    ) -> StreamChat | None:
        """What is deleted does not stay in view."""
        for read in (queries.chat, queries.chat_locked):
            pinned = (await read(db, stream.id)).pinned
            if pinned is None or pinned.message_id != message_id:
                return None
        return await self._set_pin(db, stream, None, claims, request_id)

    async def clear(self, stream_id: UUID, user_id: UUID | None, claims: Claims, request_id: str) -> None:
        """Take from view what one person, or anybody, has said."""
        async with transaction(self._pool) as db:
            stream = await moderation.find_moderated(db, stream_id, claims)
            event = ChatCleared(
                stream_id=stream_id, creator_id=stream.creator_id, user_id=claims.sub, target_id=user_id
            )
            await record(db, event, request_id=request_id)
            await note(
                db,
                actor_id=claims.sub,
                action="chat.cleared",
                subject=f"stream:{stream_id}",
                after={"user": user_id and str(user_id)},
                request_id=request_id,
                channel_id=stream.creator_id,
            )
        await self.showing.clearing(stream_id, user_id)

    async def look(self, stream_id: UUID) -> StreamChat:
        """The chat's mode and pinned message."""
        async with connection(self._pool) as db:
            return await queries.chat(db, stream_id)

    async def set_mode(self, stream_id: UUID, mode: Mode, claims: Claims, request_id: str) -> StreamChat:
        """Decide who may write and how often; the same mode again changes nothing."""
        mode.check()
        async with transaction(self._pool) as db:
            stream = await moderation.find_moderated(db, stream_id, claims)
            before = await queries.chat_locked(db, stream_id)
            chat = before
            if mode != before.mode:
                version = await queries.set_chat(db, stream_id, mode, before.pinned)
                chat = StreamChat(mode=mode, pinned=before.pinned, version=version)
                event = ChatModeChanged(
                    stream_id=stream_id,
                    creator_id=stream.creator_id,
                    user_id=claims.sub,
                    **msgspec.structs.asdict(mode),
                )
                await record(db, event, request_id=request_id)
                await note(
                    db,
                    actor_id=claims.sub,
                    action="chat.mode",
                    subject=f"stream:{stream_id}",
                    before=msgspec.to_builtins(before.mode),
                    after=msgspec.to_builtins(mode),
                    request_id=request_id,
                    channel_id=stream.creator_id,
                )
        await self.showing.mode(stream_id, chat)
        return chat

    async def pin(self, stream_id: UUID, message_id: UUID | None, claims: Claims, request_id: str) -> StreamChat:
        """Keep one of the recent messages in view, or none. `UnknownMessage` for one that is not among them."""
        async with transaction(self._pool) as db:
            stream = await moderation.find_moderated(db, stream_id, claims)
            pinned = None if message_id is None else await self._recent(stream_id, message_id, claims)
            chat = await self._set_pin(db, stream, pinned, claims, request_id)
        await self.showing.pin(stream_id, chat)
        return chat

    async def _recent(self, stream_id: UUID, message_id: UUID, claims: Claims) -> Pinned:
        shown = await self.showing.recent(stream_id, message_id)
        if shown is None:
            raise UnknownMessage("Only one of the recent messages can be pinned")
        return Pinned(
            message_id=message_id,
            handle=shown.user.handle,
            text=shown.text,
            pinned_by=claims.handle,
            pinned_at=now(),
        )

    async def _set_pin(
        self, db: Db, stream: Stream, pinned: Pinned | None, claims: Claims, request_id: str
    ) -> StreamChat:
        before = await queries.chat_locked(db, stream.id)
        was = before.pinned.message_id if before.pinned else None
        is_now = pinned.message_id if pinned else None
        if was == is_now:
            return before
        version = await queries.set_chat(db, stream.id, before.mode, pinned)
        event = ChatPinChanged(stream_id=stream.id, creator_id=stream.creator_id, user_id=claims.sub, message_id=is_now)
        await record(db, event, request_id=request_id)
        await note(
            db,
            actor_id=claims.sub,
            action="chat.pinned" if pinned else "chat.unpinned",
            subject=f"stream:{stream.id}",
            before={"message": was and str(was)},
            after={"message": is_now and str(is_now)},
            request_id=request_id,
            channel_id=stream.creator_id,
        )
        return StreamChat(mode=before.mode, pinned=pinned, version=version)
