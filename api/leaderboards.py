"""`/api/leaderboard`: who gave, who took part, who was given and who has learnt the most."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from redis.asyncio import Redis as AsyncRedis

from api.paging import Limit
from api.schema import View
from domain.accounts.tokens import Claims
from domain.leaderboards import service
from domain.leaderboards.model import Board, Row
from features.leaderboards import Board as BoardName
from features.leaderboards import Scope
from livestreamx.engines.postgres import Pool
from livestreamx.errors import Unauthenticated


class RowView(View, frozen=True, kw_only=True):
    """One place on a board; the earlier of equals is ranked first."""

    rank: Annotated[int, msgspec.Meta(examples=[1])]
    user_id: UUID
    handle: Annotated[str, msgspec.Meta(examples=["tester"])]
    avatar_url: str | None
    level: Annotated[int, msgspec.Meta(examples=[3])]
    score: Annotated[int, msgspec.Meta(examples=[25])]

    @classmethod
    def of(cls, row: Row) -> "RowView":
        return cls(
            rank=row.rank,
            user_id=row.user_id,
            handle=row.handle,
            avatar_url=row.avatar_url,
            level=row.level,
            score=row.score,
        )


class BoardView(View, frozen=True, kw_only=True):
    """A board of one scope; `refId` names the week, season or stream that it is of."""

    board: BoardName
    scope: Scope
    ref_id: Annotated[str, msgspec.Meta(examples=["2027-w04"])]
    items: tuple[RowView, ...]
    as_of: datetime

    @classmethod
    def of(cls, board: Board) -> "BoardView":
        return cls(
            board=board.name,
            scope=board.scope,
            ref_id=board.ref,
            items=tuple(map(RowView.of, board.rows)),
            as_of=board.as_of,
        )


class LeaderboardController(Controller):
    path = "/api/leaderboard"
    tags = ("Leaderboards",)

    @get("/{board:str}", summary="A leaderboard")
    async def show(
        self,
        board: FromPath[BoardName],
        redis: NamedDependency[AsyncRedis],
        pool: NamedDependency[Pool],
        visitor: NamedDependency[Claims | None],
        of: Annotated[Scope, QueryParameter(name="scope", description="Which acts count")] = "global",
        ref_id: Annotated[str | None, QueryParameter(name="refId", max_length=service.MOST_CHARACTERS)] = None,
        around: FromQuery[Literal["me"] | None] = None,
        limit: Limit = 10,
    ) -> BoardView:
        """The running week or season unless `refId` names another; a stream's board needs the stream's id."""
        if around and visitor is None:
            raise Unauthenticated("Sign in to see your own place")
        me = visitor.sub if around and visitor else None
        return BoardView.of(await service.read(redis, pool, name=board, scope=of, ref=ref_id, around=me, limit=limit))
