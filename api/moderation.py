"""Who keeps order in a channel and who is banned from it; the creator names moderators, they and the creator ban."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, Place, decode_cursor, page_of
from api.schema import Body, Mirror, Page, View
from domain.accounts.tokens import Claims
from domain.media.rooms import MediaRooms
from domain.moderation import service
from domain.moderation.model import BAN_SECONDS, MOST_REASON, Ban
from domain.moderation.news import tell_standing
from livestreamx.engines.postgres import Pool


class ModeratorView(Mirror, frozen=True, kw_only=True):
    id: UUID
    handle: str
    granted_at: datetime


class ModeratorState(View, frozen=True, kw_only=True):
    """Whether the person moderates the channel now, and whether this request changed that."""

    moderator: bool
    changed: bool


class BanView(View, frozen=True, kw_only=True):
    """A ban in force; `until` is null for one that does not end by itself."""

    id: UUID
    user_id: UUID
    handle: str
    until: datetime | None
    reason: str
    banned_by: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, ban: Ban) -> "BanView":
        return cls(
            id=ban.id,
            user_id=ban.user_id,
            handle=ban.handle,
            until=ban.until,
            reason=ban.reason,
            banned_by=ban.banned_by,
            created_at=ban.created_at,
        )


class NewBan(Body, frozen=True, kw_only=True):
    """Without `durationS` the ban does not end by itself."""

    user_id: UUID
    duration_s: Annotated[int, msgspec.Meta(ge=BAN_SECONDS[0], le=BAN_SECONDS[1], examples=[600])] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=MOST_REASON, examples=["Advertising, three times"])] = ""


class ModeratorsController(Controller):
    path = "/api/creators/{channel_id:uuid}/moderators"
    tags = ("Moderation",)

    @get("/")
    async def moderators(
        self,
        channel_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ModeratorView]:
        """A channel's moderators, the latest first. Its creator and moderators only."""
        found = await service.moderators(pool, channel_id, user, decode_cursor(cursor, Place), limit + 1)
        return page_of(found, limit, ModeratorView.of, lambda last: Place(last.granted_at, last.id))

    @put("/{user_id:uuid}")
    async def grant(
        self,
        channel_id: FromPath[UUID],
        user_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> ModeratorState:
        """Let somebody moderate the channel; again changes nothing. Its creator only; 403 `banned` or `muted`."""
        changed = await service.grant(pool, channel_id, user_id, user, request_id)
        await tell_standing(redis, user_id, channel_id)
        return ModeratorState(moderator=True, changed=changed)

    @delete("/{user_id:uuid}", status_code=200)
    async def revoke(
        self,
        channel_id: FromPath[UUID],
        user_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> ModeratorState:
        """Take the right to moderate back; again changes nothing. Its creator, or the moderator who resigns."""
        changed = await service.revoke(pool, channel_id, user_id, user, request_id)
        await tell_standing(redis, user_id, channel_id)
        return ModeratorState(moderator=False, changed=changed)


class BansController(Controller):
    path = "/api/streams/{stream_id:uuid}/bans"
    tags = ("Moderation",)

    @post("/")
    async def ban(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewBan],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        media: NamedDependency[MediaRooms | None],
        request_id: NamedDependency[str],
    ) -> BanView:
        """Ban somebody from the stream's channel; replaces a ban before it. Moderators only; 403 `cannot_ban`."""
        banned = await service.ban(
            pool,
            stream_id,
            data.user_id,
            seconds=data.duration_s,
            reason=data.reason,
            claims=user,
            request_id=request_id,
        )
        await tell_standing(redis, banned.user_id, banned.creator_id)
        if media is not None:
            await media.remove(stream_id, str(banned.user_id))
        return BanView.of(banned)

    @get("/")
    async def bans(
        self,
        stream_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[BanView]:
        """The bans in force, newest first. Moderators only."""
        found = await service.bans(pool, stream_id, user, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, BanView.of)

    @delete("/{user_id:uuid}", status_code=204)
    async def unban(
        self,
        stream_id: FromPath[UUID],
        user_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> None:
        """Lift a ban before its time. Moderators only; 404 `ban_not_found`."""
        creator_id = await service.unban(pool, stream_id, user_id, user, request_id)
        await tell_standing(redis, user_id, creator_id)
