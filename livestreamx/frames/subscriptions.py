"""Subscriptions, as the room sees them."""

from datetime import datetime
from uuid import UUID

import msgspec


class SubsGifted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's gift reached somebody: it is the `given`-th of `qty` of the gift."""

    giftId: UUID
    giverId: UUID
    giver: str
    recipientId: UUID
    recipient: str
    tier: int
    given: int
    qty: int
    until: datetime
