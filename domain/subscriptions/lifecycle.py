"""In which state a subscription is: a function of what is known and of the time, so that order changes nothing."""

from datetime import datetime

import msgspec

from domain.subscriptions.model import GRACE, SILENCE, SubscriptionState


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a subscription.

    `paid_until` is None where nothing is paid, or nothing any more (`was_paid`); `failed` says that a later month could
    not be charged, `canceled` that nobody wants another, `is_over` that Stripe ended it, `gave_up` that the first month
    will not be paid.
    """

    paid_until: datetime | None
    was_paid: bool = False
    failed: bool = False
    canceled: bool = False
    is_over: bool = False
    is_gift: bool = False
    gave_up: bool = False


class Standing(msgspec.Struct, frozen=True):
    """The state, and when time alone changes it."""

    state: SubscriptionState
    due_at: datetime | None = None


def standing(known: Known, at: datetime) -> Standing:
    """How a subscription stands at this moment."""
    until = known.paid_until
    if until is None:
        is_hopeless = known.was_paid or known.gave_up or known.is_over
        return Standing("expired" if is_hopeless else "incomplete")
    if known.canceled or known.is_over or known.is_gift:
        if at >= until:
            return Standing("expired")
        return Standing("active" if known.is_gift else "canceled", until)
    if at >= until + GRACE:
        return Standing("expired")
    if known.failed or at >= until + SILENCE:
        return Standing("past_due", until + GRACE)
    return Standing("active", until + SILENCE)
