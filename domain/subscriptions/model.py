"""What a tier, a subscription and a gift of some are, and why one may be refused. Money is in integer minor units."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, Forbidden, Invalid, NotFound

SubscriptionState = Literal["incomplete", "active", "past_due", "canceled", "expired"]
"""`incomplete` until its first month is paid; `past_due` and `canceled` ones last until they have `expired`."""
GiftState = Literal["created", "paid", "given", "failed", "refunded"]
"""`paid` as long as some are still owed, `given` once all have reached somebody."""

TierNumber = Annotated[int, msgspec.Meta(ge=1, le=3, examples=[1])]
GRACE = timedelta(days=7)
"""How long a month that was not paid is waited for; the view `channel_subscribers` says the same."""
SILENCE = timedelta(days=1)
"""How long after the end of a month no word of the next one's payment means nothing: Stripe charges an hour later."""
GIFT_DAYS = 30
MOST_GIFTS = 100
PERKS = ("badge", "subscribers_chat", "xp_boost")


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """What a month of it costs."""

    tier: int
    price_minor: int
    currency: str


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One person's subscription to one channel; `handle` is the subscriber's, `creator` the channel's.

    `renews_at` is until when it is paid; one that is canceled, is over at Stripe or was a gift ends then.
    """

    id: UUID
    user_id: UUID
    handle: str
    creator_id: UUID
    creator: str
    tier: int
    price_minor: int
    currency: str
    gift_id: UUID | None
    state: SubscriptionState
    checkout_session: str | None
    checkout_url: str | None
    stripe_id: str | None
    gave_up: bool
    canceled_at: datetime | None
    is_over: bool
    started_at: datetime | None
    renews_at: datetime | None
    created_at: datetime

    @property
    def ends(self) -> bool:
        """Whether it ends with what is paid."""
        return self.canceled_at is not None or self.is_over or self.gift_id is not None

    @property
    def lasts(self) -> bool:
        return self.state in ("active", "past_due", "canceled")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to subscribe to whom; the key is the buyer's own."""

    user_id: UUID
    creator_id: UUID
    tier: int
    key: str


class GiftOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Who gives how many subscriptions to a channel: to chatters, or one to `recipient_id`."""

    giver_id: UUID
    creator_id: UUID
    recipient_id: UUID | None
    tier: int
    qty: int
    key: str


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    """Subscriptions that somebody gives; `given` of `qty` have reached people. `handle` is the giver's."""

    id: UUID
    giver_id: UUID
    handle: str
    creator_id: UUID
    creator: str
    recipient_id: UUID | None
    tier: int
    qty: int
    given: int
    price_minor: int
    currency: str
    checkout_url: str | None
    state: GiftState
    created_at: datetime

    @property
    def owed(self) -> int:
        return self.qty - self.given if self.state == "paid" else 0


class Subscribers(msgspec.Struct, frozen=True, kw_only=True):
    """How many subscribe at one tier: `paying` ones renew, `gifted` ones do not; `mrr_minor` comes in a month."""

    tier: int
    subscribers: int
    paying: int
    gifted: int
    mrr_minor: int


class AlreadySubscribed(Conflict):
    """Carries `until`, when this one ends, where it ends."""

    code, title = "already_subscribed", "There is such a subscription already"


class NotSubscribed(NotFound):
    code, title = "not_subscribed", "You do not subscribe to this channel"


class SelfSubscription(Forbidden):
    code, title = "self_subscription", "You cannot subscribe to yourself"


class UnknownTier(NotFound):
    code, title = "unknown_tier", "There is no such tier"


class UnknownCreator(NotFound):
    code, title = "creator_not_found", "There is no such creator"


class GiftRefused(Forbidden):
    """The code says why: `recipient_banned` or `recipient_refuses_gifts`."""

    code, title = "gift_refused", "This person cannot be given a subscription"


class OneForSomebody(Invalid):
    code, title = "one_for_somebody", "A person who is named gets one subscription"
