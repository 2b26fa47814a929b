"""Boards and levels."""

from datetime import datetime
from uuid import UUID

import msgspec


class LeaderboardRow(msgspec.Struct, frozen=True, kw_only=True):
    rank: int
    userId: UUID
    handle: str
    score: int
    level: int = 1
    avatarUrl: str | None = None


class LeaderboardUpdate(msgspec.Struct, frozen=True, kw_only=True):
    board: str
    scope: str
    refId: str
    items: tuple[LeaderboardRow, ...]
    asOf: datetime


class LevelUp(msgspec.Struct, frozen=True, kw_only=True):
    userId: UUID
    level: int
    xp: int


class BadgeShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody earned a badge; `badge` is its code."""

    userId: UUID
    badge: str
    name: str


class MomentShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth a clip happened in the ten seconds from `at` on."""

    momentId: UUID
    at: datetime
    score: float
    messages: int
    reactions: int
    tokens: int
