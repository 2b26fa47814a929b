"""What is kept of a season."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

ResultBoard = Literal["gifts", "xp", "engagement", "creators", "patrons"]
"""The boards, and `patrons`: paid tokens given, for prizes do not count what was given away at sign-up."""
PRIZED: tuple[ResultBoard, ...] = ("xp", "creators", "patrons")
BOARDS: tuple[ResultBoard, ...] = get_args(ResultBoard)
KEPT = 1000


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A place at the end of a season; rank 1 is first."""

    board: ResultBoard
    rank: int
    user_id: UUID
    score: int


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody ended a season, on the board where they came farthest."""

    season: str
    ended_at: datetime
    board: ResultBoard
    rank: int
    score: int


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """What closing a season did; a season that was closed before gives no badges again."""

    season: str
    results: int
    badges: int
