"""What becomes of accounts, streams and follows. Recorded acts, from the outbox."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class UserRegistered(Event, frozen=True, kw_only=True, tag="user.registered"):
    """A person made an account."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    handle: str


class CreatorEnrolled(Event, frozen=True, kw_only=True, tag="creator.enrolled"):
    """A person took the creator's role."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    handle: str


class RoleGranted(Event, frozen=True, kw_only=True, tag="role.granted"):
    """An admin, the actor, gave `target_id` a role; without an actor it was whoever runs the platform."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    target_id: UUID
    role: str


class RoleRevoked(Event, frozen=True, kw_only=True, tag="role.revoked"):
    """An admin, the actor, took a role from `target_id`."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    target_id: UUID
    role: str


class StreamEvent(Event, frozen=True, kw_only=True):
    """What a stream is after the transition; enough to show it without asking anybody."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    title: str
    creator: str
    """The creator's handle."""
    category: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    mature: bool = False
    visibility: str = "public"
    started_at: datetime | None = None
    ended_at: datetime | None = None


class StreamScheduled(StreamEvent, frozen=True, kw_only=True, tag="stream.scheduled"):
    """A stream was announced."""


class StreamStarted(StreamEvent, frozen=True, kw_only=True, tag="stream.started"):
    """A stream went live."""


class StreamEnded(StreamEvent, frozen=True, kw_only=True, tag="stream.ended"):
    """A live stream is over."""

    reason: str = "creator"


class StreamArchived(StreamEvent, frozen=True, kw_only=True, tag="stream.archived"):
    """An ended stream became a recording."""


class StreamCancelled(StreamEvent, frozen=True, kw_only=True, tag="stream.cancelled"):
    """A scheduled stream will not happen."""


class FollowAdded(Event, frozen=True, kw_only=True, tag="follow.added"):
    """A viewer follows a creator."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    source: str = ""


class FollowRemoved(Event, frozen=True, kw_only=True, tag="follow.removed"):
    """A viewer follows a creator no longer."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
