"""What a segment is, and the table of its legal moves."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.interactions.lifecycle import Move
from domain.vods.model import path_of
from livestreamx.errors import Conflict, Forbidden, NotFound
from livestreamx.events import (
    SegmentEvent,
    SegmentFailed,
    SegmentLoading,
    SegmentPlayed,
    SegmentSkipped,
    SegmentStarted,
)

State = Literal["queued", "loading", "playing", "played", "skipped", "failed"]
Act = Literal["load", "play", "finish", "skip", "fail"]
SkipReason = Literal["skipped", "removed", "replaced", "stream_ended"]
FailReason = Literal["not_loaded", "ingress_failed"]

MOVES: dict[Act, Move] = {
    "load": Move(frozenset({"queued"}), "loading"),
    "play": Move(frozenset({"loading"}), "playing"),
    "finish": Move(frozenset({"playing"}), "played"),
    "skip": Move(frozenset({"queued", "loading", "playing"}), "skipped"),
    "fail": Move(frozenset({"loading", "playing"}), "failed"),
}
TOLD: dict[Act, type[SegmentEvent]] = {
    "load": SegmentLoading,
    "play": SegmentStarted,
    "finish": SegmentPlayed,
    "skip": SegmentSkipped,
    "fail": SegmentFailed,
}
"""The event of each move."""
ON_AIR = frozenset({"loading", "playing"})
MOST_QUEUED = 50
LOADING_SECONDS = 20
"""How long the media server has to show a clip."""
ENDING_SECONDS = 3
"""How long after a clip's length the media server has to say that it ended."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A clip in a stream's queue; `place` counts from 1 among those that wait for no time of their own.

    `vod_id` is None when the clip was removed after its show.
    """

    id: UUID
    stream_id: UUID
    creator_id: UUID
    vod_id: UUID | None
    title: str
    kind: str
    duration_ms: int
    state: State
    place: int
    plays_at: datetime | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    reason: str
    participant: str
    ingress_id: str

    def as_told(self) -> dict[str, Any]:
        """The fields of `SegmentEvent` without its actor."""
        return {
            "stream_id": self.stream_id,
            "creator_id": self.creator_id,
            "segment_id": self.id,
            "vod_id": self.vod_id,
            "title": self.title,
            "kind": self.kind,
            "duration_ms": self.duration_ms,
        }


def shown_path(vod_id: UUID, kind: str, segment_id: UUID) -> str:
    """The clip's file, as long as the segment is on air: for all who know of it, whoever may see the clip otherwise."""
    return f"{path_of(vod_id, kind)}?segment={segment_id}"


class Insertion(msgspec.Struct, frozen=True):
    """Where a segment goes: at once, behind the queue, to an index of it (from 0), or to a time."""

    at: Literal["now", "next"] | int | datetime


class UnknownSegment(NotFound):
    code, title = "segment_not_found", "There is no such segment"


class SegmentOver(Conflict):
    code, title = "segment_over", "The segment is over"


class SegmentOnAir(Conflict):
    code, title = "segment_on_air", "The segment is on air: it cannot be moved"


class QueueFull(Conflict):
    code, title = "queue_full", f"At most {MOST_QUEUED} segments wait"


class StreamOver(Conflict):
    code, title = "stream_over", "The stream is over"


class NotOwnVod(Forbidden):
    code, title = "not_owner", "Only the creator's own clips slide into a show"
