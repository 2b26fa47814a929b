"""Raids: a creator sends the room on to another stream. Recorded acts, from the outbox."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class RaidEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to a raid; `handle` is the creator who sends, `target_handle` the one who gets."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    raid_id: UUID
    handle: str
    target_id: UUID
    target_creator_id: UUID
    target_handle: str
    target_title: str = ""


class RaidStarted(RaidEvent, frozen=True, kw_only=True, tag="raid.started"):
    """It leaves at `goes_at` unless it is cancelled before."""

    goes_at: datetime


class RaidLaunched(RaidEvent, frozen=True, kw_only=True, tag="raid.launched"):
    """The room moves on; `viewers` were in it."""

    viewers: int


class RaidCancelled(RaidEvent, frozen=True, kw_only=True, tag="raid.cancelled"):
    """It does not leave: called off, or one of the two streams is not live any more."""

    reason: Literal["cancelled", "not_live", "target_not_live"] = "cancelled"
