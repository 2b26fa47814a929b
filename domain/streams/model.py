"""What a stream is, and the table of its legal transitions."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.events import StreamArchived, StreamCancelled, StreamEnded, StreamEvent, StreamStarted

Status = Literal["scheduled", "live", "ended", "archived", "cancelled"]
Visibility = Literal["public", "unlisted", "private"]
LANGUAGE_PATTERN = r"^([a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*)?$(?!\n)"
"""A language tag (BCP 47) or nothing."""
Act = Literal["start", "end", "archive", "cancel"]


class Transition(msgspec.Struct, frozen=True):
    """What an act turns a stream from and into, and the event that tells of it."""

    source: Status
    target: Status
    event: type[StreamEvent]


TRANSITIONS: dict[Act, Transition] = {
    "start": Transition("scheduled", "live", StreamStarted),
    "cancel": Transition("scheduled", "cancelled", StreamCancelled),
    "end": Transition("live", "ended", StreamEnded),
    "archive": Transition("ended", "archived", StreamArchived),
}


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream; `creator` is the handle of its creator."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    category: str
    tags: tuple[str, ...]
    language: str
    visibility: Visibility
    mature: bool
    status: Status
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime

    def as_event(self, kind: type[StreamEvent], actor: UUID) -> StreamEvent:
        """What happened to it, as an event that says all there is to show."""
        return kind(
            stream_id=self.id,
            creator_id=self.creator_id,
            user_id=actor,
            title=self.title,
            creator=self.creator,
            category=self.category,
            tags=self.tags,
            language=self.language,
            mature=self.mature,
            visibility=self.visibility,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a creator says about a stream before it exists."""

    title: str
    category: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    scheduled_at: datetime | None = None
    visibility: Visibility = "public"
    mature: bool = False
