"""What keeps order in a channel: its moderators, bans and decisions. Recorded acts, from the outbox."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class ModerationEvent(Event, frozen=True, kw_only=True):
    """Something that concerns `target_id`, done by `user_id` in the channel `creator_id`."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    target_id: UUID


class ModeratorGranted(ModerationEvent, frozen=True, kw_only=True, tag="moderation.moderator_granted"):
    """Somebody may keep order in a channel."""


class ModeratorRevoked(ModerationEvent, frozen=True, kw_only=True, tag="moderation.moderator_revoked"):
    """Somebody keeps order in a channel no longer."""


class PersonBanned(ModerationEvent, frozen=True, kw_only=True, tag="moderation.banned"):
    """Somebody may not take part in a channel `until`; null for good."""

    until: datetime | None = None
    reason: str = ""


class PersonUnbanned(ModerationEvent, frozen=True, kw_only=True, tag="moderation.unbanned"):
    """Somebody may take part again before their ban was over."""


class ChatRejected(ModerationEvent, frozen=True, kw_only=True, tag="moderation.message_rejected"):
    """A held message will not be shown; `target_id` wrote it."""

    message_id: UUID


class ChatModeChanged(Event, frozen=True, kw_only=True, tag="moderation.chat_mode"):
    """A moderator set who may write in a stream, and how often."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    slow_seconds: int = 0
    followers_minutes: int | None = None
    subscribers_only: bool = False
    emotes_only: bool = False
    unique_only: bool = False
    shield: bool = False


class ChatPinChanged(Event, frozen=True, kw_only=True, tag="moderation.chat_pin"):
    """A moderator pinned a message in a stream, or with null none."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    message_id: UUID | None = None


class BlockedTermAdded(Event, frozen=True, kw_only=True, tag="moderation.term_added"):
    """A channel, or with no creator the platform, blocks one term more."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    term_id: UUID


class BlockedTermRemoved(Event, frozen=True, kw_only=True, tag="moderation.term_removed"):
    """A channel, or with no creator the platform, blocks one term less."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    term_id: UUID


class ChatPolicyChanged(Event, frozen=True, kw_only=True, tag="moderation.chat_policy"):
    """A channel does something else about links, capitals or long messages."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    links: str
    capitals: str
    most_characters: int


class ReportFiled(ModerationEvent, frozen=True, kw_only=True, tag="moderation.reported"):
    """A viewer reported `target_id`, or a message of theirs."""

    report_id: UUID
    message_id: UUID | None = None
    reason: str = ""


class ReportClosed(ModerationEvent, frozen=True, kw_only=True, tag="moderation.report_closed"):
    """A moderator acted on a report, or dismissed it."""

    report_id: UUID
    outcome: Literal["resolved", "dismissed"]


class UnbanRequested(ModerationEvent, frozen=True, kw_only=True, tag="moderation.unban_requested"):
    """Somebody who is banned asks to come back."""

    request_id: UUID


class UnbanDecided(ModerationEvent, frozen=True, kw_only=True, tag="moderation.unban_decided"):
    """A moderator answered; an accepted one is followed by `moderation.unbanned`."""

    request_id: UUID
    outcome: Literal["accepted", "denied"]
