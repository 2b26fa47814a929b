"""Clips that slide into a live show. Recorded acts, from the outbox; what time brings has no actor."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class SegmentEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to a segment; enough to show it. `kind` is that of the clip's file."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    segment_id: UUID
    vod_id: UUID
    title: str
    kind: str
    duration_ms: int


class SegmentQueued(SegmentEvent, frozen=True, kw_only=True, tag="segment.queued"):
    """It waits: for its turn at `place` (from 1) of the queue, or for `plays_at`."""

    place: int
    plays_at: datetime | None = None


class SegmentMoved(SegmentEvent, frozen=True, kw_only=True, tag="segment.moved"):
    """It waits elsewhere in the queue, or for another time."""

    place: int
    plays_at: datetime | None = None


class SegmentLoading(SegmentEvent, frozen=True, kw_only=True, tag="segment.loading"):
    """Its turn has come; it is on its way to the room."""


class SegmentStarted(SegmentEvent, frozen=True, kw_only=True, tag="segment.started"):
    """It is on air; `participant` shows it in the media room, without one the pages play the file themselves."""

    started_at: datetime
    participant: str = ""


class SegmentEnd(SegmentEvent, frozen=True, kw_only=True):
    """Base of how a segment ends; `started_at` is None for one that was never on air."""

    started_at: datetime | None = None
    ended_at: datetime


class SegmentPlayed(SegmentEnd, frozen=True, kw_only=True, tag="segment.played"):
    """It was shown to its end."""


class SegmentSkipped(SegmentEnd, frozen=True, kw_only=True, tag="segment.skipped"):
    """Somebody ended it, took it out of the queue or put another in its place, or the stream is over."""

    reason: Literal["skipped", "removed", "replaced", "stream_ended"]


class SegmentFailed(SegmentEnd, frozen=True, kw_only=True, tag="segment.failed"):
    """The media server could not show it; the room is back at the live picture."""

    reason: Literal["not_loaded", "ingress_failed"]
