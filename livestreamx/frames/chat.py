"""Chat as the room sees it, and as its author does."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.frames.room import Person


class ChatShown(msgspec.Struct, frozen=True, kw_only=True):
    messageId: UUID
    user: Person
    text: str
    createdAt: datetime
    replyTo: UUID | None = None


class ChatMode(msgspec.Struct, frozen=True, kw_only=True):
    """Who may write, and how often; moderators always may.

    With reason `moderator` it is the mode from now on, newer with a higher `version`. With reason `flood` only
    `slowSeconds` counts, and only until `until`: the room slowed down by itself, beside its mode.
    """

    slowSeconds: int = 0
    followersMinutes: int | None = None
    """For how long one must have followed the creator; null for anybody."""
    subscribersOnly: bool = False
    emotesOnly: bool = False
    uniqueOnly: bool = False
    shield: bool = False
    until: datetime | None = None
    reason: Literal["moderator", "flood"] = "moderator"
    version: int = 0


class ChatDeletedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A message was taken back: show it no longer."""

    messageId: UUID


class ChatCleared(msgspec.Struct, frozen=True, kw_only=True):
    """Show what one person, or with null anybody, has said until now no longer."""

    userId: UUID | None


class PinnedMessage(msgspec.Struct, frozen=True, kw_only=True):
    messageId: UUID
    handle: str
    text: str
    pinnedBy: str
    pinnedAt: datetime


class ChatPinned(msgspec.Struct, frozen=True, kw_only=True):
    """The message that stays in view from now on; null for none. A higher `version` is newer."""

    pinned: PinnedMessage | None
    version: int


class ChatHeld(msgspec.Struct, frozen=True, kw_only=True):
    """Private, for the author: what became of a message that waited for a moderator."""

    messageId: UUID
    state: Literal["approved", "rejected"]
