"""`/api/vods/{id}/chat`: what was said in the show that a clip is a recording of, timed to the clip."""

from typing import Annotated
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.paging import Cursor, Limit, Place, decode_cursor, encode_cursor
from api.schema import Page, View
from domain.accounts.tokens import Claims
from domain.replay.recordings import replay
from domain.vods.model import LONGEST_MS
from livestreamx.engines.postgres import Pool

From = Annotated[float, QueryParameter(name="from", ge=0, le=LONGEST_MS / 1000, description="seconds of the clip")]


class ReplayLine(View, frozen=True, kw_only=True):
    """A message that was not taken back since; `atS` counts from the clip's beginning."""

    message_id: UUID
    at_s: Annotated[float, msgspec.Meta(examples=[12.5])]
    handle: str
    text: str


class ReplayController(Controller):
    path = "/api/vods/{vod_id:uuid}/chat"
    tags = ("Clips",)

    @get("/", summary="What was said while a clip was recorded")
    async def read(
        self,
        vod_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        start: From = 0,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Page[ReplayLine]:
        """The oldest first. 404 `vod_not_found`, `no_replay` for a clip of no show, `stream_not_found`."""
        after = decode_cursor(cursor, Place)
        told = await replay(pool, clickhouse, vod_id, visitor, from_ms=round(start * 1000), after=after, most=limit)
        lines = tuple(
            ReplayLine.showing(line, at_s=round((line.at - told.began).total_seconds(), 3)) for line in told.lines
        )
        return Page(items=lines, next_cursor=encode_cursor(Place(*told.place)) if told.place else None)
