"""What a room tells of itself and of who is in it."""

from datetime import datetime
from uuid import UUID

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An author as the room sees them."""

    id: UUID
    handle: str
    level: int = 1
    badges: tuple[str, ...] = ()


class ViewerCount(msgspec.Struct, frozen=True, kw_only=True):
    viewers: int
    asOf: datetime


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    creatorId: UUID
    creator: str
    title: str
    category: str
    status: str
    startedAt: datetime | None = None
    endedAt: datetime | None = None


class MoodState(msgspec.Struct, frozen=True, kw_only=True):
    """`mood` is one of the seven or `neutral`; `shares` sum to 1 or are empty."""

    mood: str
    intensity: float
    shares: dict[str, float]
    reactors: int
    since: datetime
    asOf: datetime


class AuthExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The access token ran out: the socket only reads until `auth` comes again."""

    message: str
