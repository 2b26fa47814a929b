"""What keeps order in a channel: its moderators, bans and decisions. Recorded acts, from the outbox."""

from datetime import datetime
from typing import ClassVar
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
