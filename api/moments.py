"""`/api/streams/{id}/moments`: what stood out in a stream and is worth sharing."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.paging import Limit
from api.schema import Mirror, Page, View
from domain.accounts.tokens import Claims
from domain.analytics import service
from domain.moments import service as moments_of_stream
from domain.streams.service import find_visible
from livestreamx.engines.postgres import Pool, connection


class MomentView(Mirror, frozen=True, kw_only=True):
    """Ten seconds from `at` on; `score` is how far above the ten minutes before they lie, in standard deviations."""

    id: UUID
    at: datetime
    score: Annotated[float, msgspec.Meta(examples=[4.2])]
    messages: int
    reactions: int
    tokens: int


class LineView(View, frozen=True, kw_only=True):
    """A message that was said around a moment, and was not taken back since."""

    message_id: UUID
    handle: str
    text: str
    at: datetime


class GiftView(Mirror, frozen=True, kw_only=True):
    handle: str
    code: Annotated[str, msgspec.Meta(examples=["HEART"])]
    qty: int
    tokens: int


class SceneView(View, frozen=True, kw_only=True):
    """A moment with 20 s of chat before and after it, and its own reactions by mood and gifts, the most first."""

    moment: MomentView
    lines: tuple[LineView, ...]
    moods: Annotated[dict[str, int], msgspec.Meta(examples=[{"hype": 12}])]
    gifts: tuple[GiftView, ...]


class MomentsController(Controller):
    path = "/api/streams/{stream_id:uuid}/moments"
    tags = ("Streams",)

    @get("/", summary="The moments of a stream that stood out, the latest first")
    async def moments(
        self,
        stream_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        visitor: NamedDependency[Claims | None],
        limit: Limit = 20,
    ) -> Page[MomentView]:
        """At most a hundred; a minute lies between any two."""
        async with connection(pool) as db:
            await find_visible(db, stream_id, visitor)
        found = await service.moments(clickhouse, stream_id, limit)
        return Page(items=tuple(map(MomentView.of, found)), next_cursor=None)

    @get("/{moment_id:uuid}", summary="One moment, with what was going on")
    async def look(
        self,
        stream_id: FromPath[UUID],
        moment_id: FromPath[UUID],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        visitor: NamedDependency[Claims | None],
    ) -> SceneView:
        """404 `stream_not_found` or `moment_not_found`."""
        async with connection(pool) as db:
            await find_visible(db, stream_id, visitor)
        scene = await moments_of_stream.look(pool, clickhouse, stream_id, moment_id)
        return SceneView(
            moment=MomentView.of(scene.moment),
            lines=tuple(map(LineView.showing, scene.lines)),
            moods=scene.moods,
            gifts=tuple(GiftView.of(gift) for gift in scene.gifts),
        )
