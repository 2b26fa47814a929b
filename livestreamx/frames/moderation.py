"""What moderators send, and what a person is told of their standing in a channel."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from livestreamx.frames.requests import Request


class StandingChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Private: what one is in this channel now; `until` is when a timeout ends, null for a ban that does not.

    `tier` is that of one's subscription to it, null without one.
    """

    moderator: bool
    banned: bool
    until: datetime | None = None
    reason: str = ""
    tier: int | None = None


class UnbanAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """Private: what a moderator answered to one's request to come back; accepting changes one's standing as well."""

    creatorId: UUID
    state: Literal["accepted", "denied"]
    answer: str = ""


class DeleteMessage(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From a moderator, or for five minutes from its author."""

    messageId: UUID
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PinMessage(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    messageId: UUID


class Unpin(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whatever is pinned."""


class ClearChat(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, or what one person said."""

    userId: UUID | None = None


SLOW = msgspec.Meta(ge=0, le=120, examples=[30], extra_json_schema={"not": {"enum": [1, 2]}})
"""Seconds between two messages of one person; 0 is off."""


class SetChatMode(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole mode: what is left out is off. `slowSeconds` is 0 or at least 3."""

    slowSeconds: Annotated[int, SLOW] = 0
    followersMinutes: Annotated[int, msgspec.Meta(ge=0, le=129_600)] | None = None
    subscribersOnly: bool = False
    emotesOnly: bool = False
    uniqueOnly: bool = False
    shield: bool = False
