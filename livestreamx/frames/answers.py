"""What an `ack` carries, by the event that it answers; whatever is not listed is answered by an empty object."""

from datetime import datetime
from uuid import UUID

import msgspec


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who the connection speaks for from now on."""

    userId: UUID
    handle: str
    roles: tuple[str, ...]


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the history reached back; `replayed` frames were sent before this ack."""

    recovered: bool
    replayed: int = 0


class ChatAccepted(msgspec.Struct, frozen=True, kw_only=True):
    messageId: UUID
    createdAt: datetime


class GiftCharged(msgspec.Struct, frozen=True, kw_only=True):
    """`balance` is what is left, in tokens."""

    giftEventId: UUID
    balance: int


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted; some acts name what they made or changed."""


ANSWERS: dict[str, type[msgspec.Struct]] = {
    "auth": SignedIn,
    "resume": Resumed,
    "chat:message": ChatAccepted,
    "gift:send": GiftCharged,
}
