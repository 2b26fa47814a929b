"""Clips that slide into the show: what the room sees, and how it is ended early."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.frames.requests import Request


class SkipSegment(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    segmentId: UUID


class SegmentStart(msgspec.Struct, frozen=True, kw_only=True):
    """A clip is on air since `startedAt` (the server's clock, as the frame's `ts`).

    `participant` shows it in the media room; null where the page plays `url` itself, from `ts - startedAt` on.
    """

    segmentId: UUID
    participant: str | None
    durationS: float
    vodId: UUID
    title: str
    url: str
    startedAt: datetime


class SegmentOver(msgspec.Struct, frozen=True, kw_only=True):
    """Back to the live picture, unless the next `segment:start` follows."""

    segmentId: UUID
    outcome: Literal["played", "skipped", "failed"]
    reason: str
