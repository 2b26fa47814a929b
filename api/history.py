"""`/api/me/history` and `/api/me/recommendations`: what one watched, and whether it may make recommendations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, encode_cursor
from api.schema import Body, Mirror, Page, View
from domain.accounts.tokens import Claims
from domain.history import service as history
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings


class WatchedView(Mirror, frozen=True, kw_only=True):
    """One stream that one watched; `minutes` without the pauses."""

    stream_id: UUID
    creator_id: UUID
    creator: str
    title: str
    first: datetime
    last: datetime
    minutes: Annotated[float, msgspec.Meta(ge=0, examples=[12.5])]


class RecommendationChoice(Body, frozen=True, kw_only=True):
    """With `optOut` what one watches is neither kept for recommendations nor used for them."""

    opt_out: Annotated[bool, msgspec.Meta(examples=[True])]


class ChoiceView(View, frozen=True, kw_only=True):
    opt_out: bool
    history_since: datetime | None
    """Nothing before is known; null for who never deleted anything."""


class HistoryController(Controller):
    path = "/api/me"
    tags = ("Recommendations",)

    @get("/history")
    async def watched(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        settings: NamedDependency[Settings],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[WatchedView]:
        """What one watched, the latest first."""
        found, last = await history.watched(
            pool,
            clickhouse,
            user.sub,
            before=decode_cursor(cursor, datetime),
            gap_seconds=settings.session_gap_seconds,
            limit=limit,
        )
        items = tuple(WatchedView.of(item) for item in found)
        return Page(items=items, next_cursor=encode_cursor(last) if last else None)

    @delete("/history")
    async def delete_history(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> None:
        """Delete what one watched: gone from lists and habits at once, and never trained on."""
        await history.delete_history(pool, redis, user.sub, request_id)

    @get("/recommendations")
    async def choice(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> ChoiceView:
        """What one chose about recommendations."""
        found = await history.choice(pool, user.sub)
        return ChoiceView(opt_out=found.opt_out, history_since=found.history_since)

    @put("/recommendations")
    async def choose(
        self,
        data: JSONBody[RecommendationChoice],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> ChoiceView:
        """Opt out of recommendations made for oneself, or in again; again changes nothing."""
        await history.choose(pool, redis, user.sub, data.opt_out, request_id)
        found = await history.choice(pool, user.sub)
        return ChoiceView(opt_out=found.opt_out, history_since=found.history_since)
