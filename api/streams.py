"""`/api/streams`: announce a stream, move it through its life, look at it."""

from datetime import datetime
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from redis.asyncio import Redis as AsyncRedis

from api.auth.guards import creator_only
from api.paging import Cursor, Limit, Place, cursor_after, decode_cursor
from api.schema import Body, Page
from api.shows import StreamCard, StreamView, cards, show
from domain.accounts.tokens import Claims
from domain.commands.scenes import shown_scene
from domain.media.rooms import MediaRooms
from domain.segments import service as segments
from domain.streams import service as streams
from domain.streams.model import LANGUAGE_PATTERN, Act, Draft, Status, Stream, Visibility
from livestreamx.engines.postgres import Pool, connection
from livestreamx.settings import Settings

Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class NewStream(Body, frozen=True, kw_only=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=140, examples=["Fall Guys with friends"])]
    category: Annotated[str, msgspec.Meta(max_length=80, examples=["Fall Guys"])] = ""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=5, examples=[["party"]])] = ()
    language: Annotated[str, msgspec.Meta(pattern=LANGUAGE_PATTERN, max_length=35, examples=["en"])] = ""
    scheduled_at: Annotated[datetime, msgspec.Meta(tz=True, examples=["2027-01-30T19:00:00Z"])] | None = None
    visibility: Visibility = "public"
    mature: bool = False


def place_of(stream: Stream) -> Place:
    """Where a page that ends with this stream ended."""
    return Place(stream.started_at or stream.created_at, stream.id)


class Mover(msgspec.Struct, frozen=True):
    """Moves streams on behalf of who asks: their creator, or an admin."""

    pool: Pool
    redis: AsyncRedis
    settings: Settings
    user: Claims
    media: MediaRooms | None
    request_id: str

    async def move(self, stream_id: UUID, act: Act) -> StreamView:
        """The stream afterwards; with its end its media room closes."""
        stream = await streams.move(self.pool, stream_id, act, self.user, self.request_id)
        if act == "end" and self.media is not None:
            await self.media.close(stream_id)
        return await show(self.redis, self.settings, stream)


def provide_mover(
    pool: NamedDependency[Pool],
    redis: NamedDependency[AsyncRedis],
    settings: NamedDependency[Settings],
    user: NamedDependency[Claims],
    media: NamedDependency[MediaRooms | None],
    request_id: NamedDependency[str],
) -> Mover:
    return Mover(pool, redis, settings, user, media, request_id)


class StreamsController(Controller):
    path = "/api/streams"
    tags = ("Streams",)
    dependencies = MappingProxyType({"mover": Provide(provide_mover, sync_to_thread=False)})

    @post("/", guards=[creator_only])
    async def announce(
        self,
        data: JSONBody[NewStream],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> StreamView:
        """Announce a stream; it is `scheduled` until it is started. Creators only."""
        draft = Draft(**msgspec.structs.asdict(data))
        return await show(redis, settings, await streams.announce(pool, user.sub, draft, request_id))

    @get("/")
    async def browse(
        self,
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
        status: FromQuery[Status | None] = None,
        category: Annotated[str | None, QueryParameter(max_length=80)] = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[StreamCard]:
        """Public streams, the newest first, with their viewers."""
        place = decode_cursor(cursor, Place)
        found = await streams.browse(pool, status=status, category=category, after=place, limit=limit + 1)
        shown = await cards(redis, settings, found[:limit])
        return Page(items=shown, next_cursor=cursor_after(found, limit, place_of))

    @get("/{stream_id:uuid}")
    async def look(
        self,
        stream_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
    ) -> StreamView:
        """A stream with its mood, viewers and totals of this moment."""
        async with connection(pool) as db:
            stream = await streams.find_visible(db, stream_id, visitor)
            segment = await segments.playing(db, stream_id) if stream.status == "live" else None
            scene = await shown_scene(db, stream)
        return await show(redis, settings, stream, segment=segment, scene=scene)

    @post("/{stream_id:uuid}/start", status_code=200)
    async def start(self, stream_id: FromPath[UUID], mover: NamedDependency[Mover]) -> StreamView:
        """Go live. 409 `illegal_transition` unless scheduled, 409 `already_live` with another stream."""
        return await mover.move(stream_id, "start")

    @post("/{stream_id:uuid}/end", status_code=200)
    async def end(self, stream_id: FromPath[UUID], mover: NamedDependency[Mover]) -> StreamView:
        """End a live stream. 409 `illegal_transition` unless live."""
        return await mover.move(stream_id, "end")

    @post("/{stream_id:uuid}/archive", status_code=200)
    async def archive(self, stream_id: FromPath[UUID], mover: NamedDependency[Mover]) -> StreamView:
        """Turn an ended stream into a recording. 409 `illegal_transition` unless ended."""
        return await mover.move(stream_id, "archive")

    @post("/{stream_id:uuid}/cancel", status_code=200)
    async def cancel(self, stream_id: FromPath[UUID], mover: NamedDependency[Mover]) -> StreamView:
        """Call off a scheduled stream. 409 `illegal_transition` unless scheduled."""
        return await mover.move(stream_id, "cancel")
