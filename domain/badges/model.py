"""News of somebody's progress, as the dataflow leaves it to be recorded and told."""

from datetime import datetime
from uuid import UUID

import msgspec


class Level(msgspec.Struct, frozen=True):
    """Somebody reached a level with so much experience; `room` is the stream of the act that did it."""

    user_id: UUID
    level: int
    room: UUID | None
    xp: int


class Award(msgspec.Struct, frozen=True):
    """Somebody earned a badge."""

    user_id: UUID
    badge: str
    room: UUID | None


News = Level | Award


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """A badge that somebody has."""

    badge: str
    stream_id: UUID | None
    earned_at: datetime
