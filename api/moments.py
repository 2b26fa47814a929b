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
from api.schema import Page, View
from domain.accounts.tokens import Claims
from domain.analytics import service
from domain.streams.service import find_visible
from livestreamx.engines.postgres import Pool, connection


class MomentView(View, frozen=True, kw_only=True):
    """Ten seconds from `at` on; `score` is how far above the ten minutes before they lie, in standard deviations."""

    id: UUID
    at: datetime
    score: Annotated[float, msgspec.Meta(examples=[4.2])]
    messages: int
    reactions: int
    tokens: int


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
        return Page(items=tuple(MomentView(**msgspec.structs.asdict(moment)) for moment in found), next_cursor=None)
