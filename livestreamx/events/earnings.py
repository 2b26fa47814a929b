"""What people and creators are told of their money beyond gifts: limits, refunds, contested earnings, payouts."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from livestreamx import topics
from livestreamx.events.economy import Tokens
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class EarningsContested(Event, frozen=True, kw_only=True, tag="earnings.contested"):
    """What a gift earned its creator is `held` while its payment is disputed, `taken` when lost, or `released`.

    `share` is in hundredths of a token; `tokens` are those of the gift that it belongs to.
    """

    topic: ClassVar[Topic] = topics.ECONOMY
    claim_id: UUID
    gift_event_id: UUID
    tokens: Tokens
    share: int
    state: Literal["held", "taken", "released"]


class PurchaseRefund(Event, frozen=True, kw_only=True, tag="purchase.refund"):
    """A buyer asked for the money of unspent tokens, or it was refused; that it went back is `tokens.reversed`."""

    topic: ClassVar[Topic] = topics.ECONOMY
    refund_id: UUID
    payment_id: UUID
    tokens: Tokens
    minor: int
    currency: str
    state: Literal["asked", "refused"]


class LimitsChanged(Event, frozen=True, kw_only=True, tag="limits.changed"):
    """Somebody limits their own spending: what holds now, and what will hold; None is no limit."""

    topic: ClassVar[Topic] = topics.ECONOMY
    daily: Tokens | None
    weekly: Tokens | None
    next_daily: Tokens | None = None
    next_daily_at: datetime | None = None
    next_weekly: Tokens | None = None
    next_weekly_at: datetime | None = None
    excluded_until: datetime | None = None


class PayoutMoved(Event, frozen=True, kw_only=True, tag="payout.moved"):
    """A payout of a creator's available earnings came into this state."""

    topic: ClassVar[Topic] = topics.ECONOMY
    payout_id: UUID
    amount_minor: int
    currency: str
    state: Literal["requested", "review", "approved", "processing", "paid", "failed", "rejected"]
