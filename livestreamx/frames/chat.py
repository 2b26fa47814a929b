"""Chat as the room sees it."""

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
    """Until `until`, each viewer may write once in `slowSeconds`; moderators are exempt."""

    slowSeconds: int
    until: datetime
    reason: Literal["flood"] = "flood"
