"""What the room sees of clips that slide into the show, and what newcomers are told of the one that is on air."""

from typing import Any
from uuid import UUID

import msgspec

from domain.segments.model import shown_path
from livestreamx.events import Event, SegmentEnd, SegmentEvent, SegmentFailed, SegmentSkipped, SegmentStarted, tag_of
from livestreamx.frames import SegmentOver, SegmentStart
from pipelines.effects import Effects

Frame = tuple[UUID | str, str, Any, UUID | str | None]


def segment_start(event: SegmentStarted) -> SegmentStart:
    return SegmentStart(
        segmentId=event.segment_id,
        participant=event.participant or None,
        durationS=event.duration_ms / 1000,
        vodId=event.vod_id,
        title=event.title,
        url=shown_path(event.vod_id, event.kind, event.segment_id),
        startedAt=event.started_at,
    )


def segment_over(event: SegmentEnd) -> SegmentOver:
    reason = event.reason if isinstance(event, SegmentSkipped | SegmentFailed) else ""
    outcome: Any = tag_of(type(event)).partition(".")[2]
    return SegmentOver(segmentId=event.segment_id, outcome=outcome, reason=reason)


def was_awaited(event: SegmentEnd) -> bool:
    """Whether it was on air, or ought to have been by now; what leaves the queue is nothing to the room."""
    return event.started_at is not None or isinstance(event, SegmentFailed)


def frames_of(event: Event) -> list[Frame]:
    """The frame of an event of these kinds; none for any other."""
    name = ""
    data: Any = None
    match event:
        case SegmentStarted():
            name, data = "segment:start", segment_start(event)
        case SegmentEnd() if was_awaited(event):
            name, data = "segment:end", segment_over(event)
    return [] if data is None or event.stream_id is None else [(event.stream_id, name, data, event.event_id)]


def keep_state(effects: Effects, event: Event) -> None:
    """What newcomers are told: the clip that is on air."""
    if event.stream_id is None or not isinstance(event, SegmentEvent):
        return
    match event:
        case SegmentStarted():
            effects.show(event.stream_id, "segment", msgspec.json.encode(segment_start(event)).decode())
        case SegmentEnd() if was_awaited(event):
            effects.show(event.stream_id, "segment", "")
