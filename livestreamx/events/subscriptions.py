"""Subscriptions to channels: begun, paid on, overdue, canceled, over, given to others. All from the outbox."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic

Minor = Annotated[int, msgspec.Meta(description="money in the currency's smallest unit")]


class SubscriptionEvent(Event, frozen=True, kw_only=True):
    """What became of a subscription of the actor to the channel `creator_id`; `stream_id` is what was live there then.

    `amount_minor` is the price of a month.
    """

    topic: ClassVar[Topic] = topics.ECONOMY
    subscription_id: UUID
    handle: str
    tier: int
    amount_minor: Minor
    currency: str
    state: Literal["incomplete", "active", "past_due", "canceled", "expired"]


class SubscriptionPaid(SubscriptionEvent, frozen=True, kw_only=True):
    """A month was paid, each once: from `since` to `until`."""

    since: datetime
    until: datetime


class SubscriptionStarted(SubscriptionPaid, frozen=True, kw_only=True, tag="sub.started"):
    """The first month of a subscription was paid."""


class SubscriptionRenewed(SubscriptionPaid, frozen=True, kw_only=True, tag="sub.renewed"):
    """A further month was paid."""


class SubscriptionOverdue(SubscriptionEvent, frozen=True, kw_only=True, tag="sub.past_due"):
    """The next month is not paid: the subscription lasts a week longer, for its payment to come."""


class SubscriptionCanceled(SubscriptionEvent, frozen=True, kw_only=True, tag="sub.canceled"):
    """It is not renewed, and lasts until `until`."""

    until: datetime


class SubscriptionExpired(SubscriptionEvent, frozen=True, kw_only=True, tag="sub.expired"):
    """It is over: not renewed, not paid in time, or its money was taken back."""


class SubscriptionReversed(SubscriptionEvent, frozen=True, kw_only=True, tag="sub.reversed"):
    """Money of a subscription, or of a gift of some, went back (`taken`), or was won back in a dispute (`put_back`).

    `share` is what the creator lost or got by it, in hundredths of a cent; of a gift `subscription_id` is the gift's.
    """

    change: Literal["taken", "put_back"]
    share: int


class SubscriptionGifted(Event, frozen=True, kw_only=True, tag="sub.gifted"):
    """The actor's gift reached somebody: a subscription until `until`, which is not renewed."""

    topic: ClassVar[Topic] = topics.ECONOMY
    gift_id: UUID
    subscription_id: UUID
    handle: str
    recipient_id: UUID
    recipient: str
    tier: int
    amount_minor: Minor
    currency: str
    state: Literal["active"] = "active"
    since: datetime
    until: datetime
    given: int
    """The how many-th of the gift's `qty` it is."""
    qty: int
