"""Chat over REST: what moderators do in a stream's room, and what waits for them; the twins of the socket's frames."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.chat import holding
from domain.chat.model import HeldMessage, HeldState, Mode, Pinned, StreamChat
from domain.chat.queries import said_in_history
from domain.chat.service import ChatDesk, said_where
from domain.streams.service import find_visible
from livestreamx.engines.postgres import Pool, connection


class ChatView(View, frozen=True, kw_only=True):
    """How a stream's chat is set; `version` rises with every change."""

    mode: Mode
    pinned: Pinned | None
    version: int

    @classmethod
    def of(cls, chat: StreamChat) -> "ChatView":
        return cls(mode=chat.mode, pinned=chat.pinned, version=chat.version)


class Deletion(View, frozen=True, kw_only=True):
    """Whether this request deleted the message; false for one that was gone."""

    deleted: bool


class Pin(Body, frozen=True, kw_only=True):
    message_id: UUID


class Clearing(Body, frozen=True, kw_only=True):
    """Whose messages; null for everybody's."""

    user_id: UUID | None = None


class HeldView(View, frozen=True, kw_only=True):
    """A message that waits for a moderator, and why it was held."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    user_id: UUID
    handle: str
    text: str
    reasons: Annotated[tuple[str, ...], msgspec.Meta(examples=[["link"]])]
    created_at: datetime

    @classmethod
    def of(cls, held: HeldMessage) -> "HeldView":
        return msgspec.convert(held, cls, from_attributes=True)


class HeldDecision(View, frozen=True, kw_only=True):
    id: UUID
    state: HeldState


class StreamChatController(Controller):
    path = "/api/streams/{stream_id:uuid}/chat"
    tags = ("Moderation",)

    @get("/")
    async def look(
        self,
        stream_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        chat: NamedDependency[ChatDesk],
    ) -> ChatView:
        """The chat's mode and pinned message, as `room:state` tells them."""
        async with connection(pool) as db:
            await find_visible(db, stream_id, visitor)
        return ChatView.of(await chat.look(stream_id))

    @put("/mode")
    async def set_mode(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[Mode],
        user: NamedDependency[Claims],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> ChatView:
        """Decide who may write and how often; what is left out is off. Moderators only."""
        return ChatView.of(await chat.set_mode(stream_id, data, user, request_id))

    @put("/pin")
    async def pin(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[Pin],
        user: NamedDependency[Claims],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> ChatView:
        """Keep one of the recent messages in view. Moderators only; 404 `message_not_found`."""
        return ChatView.of(await chat.pin(stream_id, data.message_id, user, request_id))

    @delete("/pin", status_code=200)
    async def unpin(
        self,
        stream_id: FromPath[UUID],
        user: NamedDependency[Claims],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> ChatView:
        """Keep none in view. Moderators only."""
        return ChatView.of(await chat.pin(stream_id, None, user, request_id))

    @post("/clear", status_code=204)
    async def clear(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[Clearing],
        user: NamedDependency[Claims],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> None:
        """Take from view what one person, or everybody, has said. Moderators only."""
        await chat.clear(stream_id, data.user_id, user, request_id)


class ChatController(Controller):
    path = "/api/chat"
    tags = ("Moderation",)

    @delete("/{message_id:uuid}", status_code=200)
    async def delete(
        self,
        message_id: FromPath[UUID],
        user: NamedDependency[Claims],
        chat: NamedDependency[ChatDesk],
        redis: NamedDependency[AsyncRedis],
        clickhouse: NamedDependency[AsyncClient],
        request_id: NamedDependency[str],
        reason: Annotated[str, QueryParameter(max_length=500)] = "",
    ) -> Deletion:
        """Take a message back, however old: moderators; for five minutes its author. 404 `message_not_found`."""
        said = await said_where(redis, message_id) or await said_in_history(clickhouse, message_id)
        return Deletion(deleted=await chat.delete(message_id, user, reason=reason, request_id=request_id, said=said))


class HeldController(Controller):
    path = "/api/mod/held"
    tags = ("Moderation",)

    @get("/")
    async def waiting(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        channel: FromQuery[UUID | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[HeldView]:
        """What waits in one channel, or in all that one moderates; newest first."""
        found = await holding.waiting(pool, user, channel, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, HeldView.of)

    @post("/{message_id:uuid}/approve", status_code=200)
    async def approve(
        self,
        message_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> HeldDecision:
        """Say it after all. Moderators only; 409 `already_decided`, 409 `not_live`, 404."""
        held = await holding.approve(pool, chat.showing, message_id, user, request_id)
        return HeldDecision(id=held.id, state="approved")

    @post("/{message_id:uuid}/reject", status_code=200)
    async def reject(
        self,
        message_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> HeldDecision:
        """Never show it. Moderators only; 409 `already_decided`, 404."""
        held = await holding.reject(pool, chat.showing, message_id, user, request_id)
        return HeldDecision(id=held.id, state="rejected")
