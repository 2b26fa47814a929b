"""Raids, as the two rooms see them."""

from datetime import datetime
from uuid import UUID

import msgspec


class RaidTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where the room is going."""

    streamId: UUID
    creator: str
    title: str


class RaidStart(msgspec.Struct, frozen=True, kw_only=True):
    """A raid leaves at `goesAt` unless it is cancelled before."""

    raidId: UUID
    target: RaidTarget
    goesAt: datetime


class RaidGo(msgspec.Struct, frozen=True, kw_only=True):
    """Off it goes: clients open the target's room."""

    raidId: UUID
    target: RaidTarget
    viewers: int


class RaidCancel(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is `cancelled`, `not_live` or `target_not_live`."""

    raidId: UUID
    reason: str


class RaidArrive(msgspec.Struct, frozen=True, kw_only=True):
    """In the target's room: the audience of another stream is coming."""

    raidId: UUID
    streamId: UUID
    creator: str
    viewers: int
