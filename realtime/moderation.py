"""Moderation over the socket: messages taken back, pinned, cleared away, and the chat's mode."""

import msgspec

from domain.chat.model import Mode
from domain.chat.service import ChatDesk
from livestreamx.frames import ClearChat, DeleteMessage, PinMessage, SetChatMode, Unpin
from livestreamx.frames.answers import Done, MessageDeleted, ModeSet
from livestreamx.observe.request import request_id
from realtime.session import Session


class Moderation:
    """Does what moderators ask for; one a process."""

    def __init__(self, desk: ChatDesk) -> None:
        self._desk = desk

    async def delete(self, session: Session, request: DeleteMessage) -> MessageDeleted:
        """The refusals of `ChatDesk.delete`."""
        deleted = await self._desk.delete(
            request.messageId, session.user, reason=request.reason, request_id=request_id()
        )
        return MessageDeleted(deleted=deleted)

    async def pin(self, session: Session, request: PinMessage) -> Done:
        """`message_not_found` for one that is not recent."""
        await self._desk.pin(session.room.id, request.messageId, session.user, request_id())
        return Done()

    async def unpin(self, session: Session, _: Unpin) -> Done:
        await self._desk.pin(session.room.id, None, session.user, request_id())
        return Done()

    async def clear(self, session: Session, request: ClearChat) -> Done:
        await self._desk.clear(session.room.id, request.userId, session.user, request_id())
        return Done()

    async def set_mode(self, session: Session, request: SetChatMode) -> ModeSet:
        """`invalid` for a slow mode under three seconds."""
        asked = msgspec.convert(msgspec.structs.asdict(request), Mode)
        chat = await self._desk.set_mode(session.room.id, asked, session.user, request_id())
        return ModeSet(version=chat.version)
