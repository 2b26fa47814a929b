"""Clips that creators bring. Recorded acts, from the outbox."""

from typing import ClassVar
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class VodEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to a clip; enough to show it. `creator` is a handle, `kind` is `mp4` or `webm`.

    A recording of the show `show_id` begins `begins_ms` after it.
    """

    topic: ClassVar[Topic] = topics.LIFECYCLE
    vod_id: UUID
    creator: str
    title: str
    visibility: str
    kind: str
    bytes: int
    duration_ms: int
    show_id: UUID | None = None
    begins_ms: int = 0


class VodUploaded(VodEvent, frozen=True, kw_only=True, tag="vod.uploaded"):
    """A creator brought a clip."""


class VodChanged(VodEvent, frozen=True, kw_only=True, tag="vod.changed"):
    """Its title, who may see it, or of which show it is a recording; the event says how it is now."""


class VodRemoved(VodEvent, frozen=True, kw_only=True, tag="vod.removed"):
    """The clip is gone, with its file."""
