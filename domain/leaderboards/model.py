"""A leaderboard as it is shown: its rows, with the people they belong to."""

from datetime import datetime
from uuid import UUID

import msgspec

from features.leaderboards import Board as BoardName
from features.leaderboards import Scope


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One place; `rank` counts from 1, the earlier of equals first."""

    rank: int
    user_id: UUID
    handle: str
    avatar_url: str | None
    level: int
    score: int


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of a board as of now; `ref` names the week, season or stream."""

    name: BoardName
    scope: Scope
    ref: str
    rows: tuple[Row, ...]
    as_of: datetime


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands on a board."""

    id: UUID
    handle: str
    avatar_url: str | None
    level: int
