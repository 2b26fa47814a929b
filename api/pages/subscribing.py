"""What pages say of subscribing to a channel: what it costs, how the visitor stands, and a person's own list."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from api.pages.visit import Visit
from domain.payments.model import price_in_words
from domain.subscriptions import service
from domain.subscriptions.model import NotSubscribed, Subscribers, Subscription, Tier

STATES = {
    "incomplete": "Waiting for payment",
    "active": "Active",
    "past_due": "Payment overdue",
    "canceled": "Canceled",
    "expired": "Over",
}
PERKS = (
    ("gift-crown", "A badge beside your name in this chat"),
    ("chat", "You may write when only subscribers may"),
    ("hype", "A fifth more experience for taking part"),
)


class TierOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A tier as its card; `words` is the price of a month."""

    tier: int
    minor: int
    currency: str
    words: str

    @classmethod
    def of(cls, tier: Tier) -> "TierOffer":
        words = price_in_words(tier.price_minor, tier.currency)
        return cls(tier=tier.tier, minor=tier.price_minor, currency=tier.currency, words=words)


class ChannelOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor may do about subscribing to a channel; `held` is what they have, or ordered."""

    creator_id: UUID
    creator: str
    tiers: Sequence[TierOffer]
    held: Subscription | None
    is_on: bool
    """Whether payments are on at all."""

    @property
    def label(self) -> str:
        """What the button says."""
        if self.held is None or self.held.state == "expired":
            return "Subscribe"
        return {"incomplete": "Finish subscribing", "past_due": "Payment overdue"}.get(self.held.state, "Subscribed")

    @property
    def may_order(self) -> bool:
        """Whether there is nothing yet, or something that is still to be paid."""
        return self.held is None or not self.held.lasts


async def channel_offer(visit: Visit, creator_id: UUID, creator: str) -> ChannelOffer:
    """The offer of a channel to whoever visits."""
    held = None
    if visit.viewer is not None:
        try:
            held = await service.mine(visit.pool, visit.viewer.id, creator_id)
        except NotSubscribed:
            held = None
    return ChannelOffer(
        creator_id=creator_id,
        creator=creator,
        tiers=[TierOffer.of(tier) for tier in await service.tiers(visit.pool)],
        held=held,
        is_on=visit.settings.payments_on,
    )


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription of a person's own list."""

    one: Subscription
    state_words: str
    words: str

    @classmethod
    def of(cls, one: Subscription) -> "Line":
        return cls(one=one, state_words=STATES[one.state], words=price_in_words(one.price_minor, one.currency))


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """Who subscribes to a creator's channel, tier by tier, and what comes in a month before the platform's share."""

    tiers: Sequence[Subscribers]

    @property
    def subscribers(self) -> int:
        return sum(tier.subscribers for tier in self.tiers)

    @property
    def mrr_minor(self) -> int:
        return sum(tier.mrr_minor for tier in self.tiers)


async def followed(visit: Visit, creator_id: UUID) -> Following:
    return Following(tiers=await service.subscribers(visit.pool, creator_id))
