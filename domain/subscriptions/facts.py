"""Reading Stripe's events about subscriptions and gifts of them: facts that only grow, so that order does not matter.

Objects: https://docs.stripe.com/api/invoices, /invoice-payment, /subscriptions, /checkout/sessions, as the
version of the API has them that the client library is made for. Nothing else is used.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.payments.facts import GAVE_UP, SESSIONS, EventName, Unreadable


class InvoiceFact(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says of one invoice; None for what it does not say. The period is what is paid for."""

    event_id: str
    event_type: str
    invoice: str
    subscription_id: UUID | None = None
    stripe_id: str | None = None
    payment_intent: str | None = None
    paid_minor: int | None = None
    currency: str | None = None
    failed: bool = False
    period_start: datetime | None = None
    period_end: datetime | None = None


class SubscriptionFact(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says of one subscription of ours, or of the page on which it was to be paid."""

    event_id: str
    event_type: str
    subscription_id: UUID
    stripe_id: str | None = None
    gave_up: bool = False
    canceled: bool = False
    is_over: bool = False


class GiftFact(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says of the page on which a gift of subscriptions was to be paid."""

    event_id: str
    event_type: str
    gift_id: UUID
    payment_intent: str | None = None
    paid_minor: int | None = None
    currency: str | None = None
    gave_up: bool = False


ChannelFact = InvoiceFact | SubscriptionFact | GiftFact


class Period(msgspec.Struct, frozen=True):
    start: int
    end: int


class Line(msgspec.Struct, frozen=True):
    period: Period


class Lines(msgspec.Struct, frozen=True):
    data: list[Line] = []


class Details(msgspec.Struct, frozen=True):
    subscription: str | None = None
    metadata: dict[str, str] | None = None


class Parent(msgspec.Struct, frozen=True):
    subscription_details: Details | None = None


class StripeObject(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are read, of whichever object an event is about."""

    id: str
    metadata: dict[str, str] | None = None
    mode: str = ""
    payment_status: str = ""
    payment_intent: str | None = None
    subscription: str | None = None
    amount_total: int | None = None
    amount_paid: int | None = None
    currency: str | None = None
    parent: Parent | None = None
    lines: Lines = Lines()
    invoice: str | None = None
    payment: dict[str, Any] | None = None
    cancel_at_period_end: bool = False


class EventData(msgspec.Struct, frozen=True):
    object: StripeObject


class StripeEvent(msgspec.Struct, frozen=True):
    id: str
    type: str
    data: EventData


PAID, FAILED = "invoice.paid", "invoice.payment_failed"
INVOICE_PAYMENT = "invoice_payment.paid"
SUBSCRIPTIONS = frozenset({"customer.subscription.updated", "customer.subscription.deleted"})
FOLLOWED = SESSIONS | SUBSCRIPTIONS | {PAID, FAILED, INVOICE_PAYMENT}

_event = msgspec.json.Decoder(StripeEvent)
_name = msgspec.json.Decoder(EventName)


def read_channel_event(body: bytes) -> ChannelFact | None:
    """What an event says, None for one that says nothing of subscriptions of ours; `Unreadable`."""
    try:
        name = _name.decode(body)
        if name.type not in FOLLOWED:
            return None
        said = _event.decode(body).data.object
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if name.type in SESSIONS:
        return _of_session(name, said)
    if name.type in SUBSCRIPTIONS:
        return _of_subscription(name, said)
    return _of_invoice_payment(name, said) if name.type == INVOICE_PAYMENT else _of_invoice(name, said)


def _named(metadata: dict[str, str] | None, name: str) -> UUID | None:
    try:
        return UUID((metadata or {}).get(name, ""))
    except ValueError:
        return None  # what somebody else made with our keys


def _of_session(name: EventName, said: StripeObject) -> ChannelFact | None:
    """The page of a subscription tells only whose it is: that money came is said by its invoices."""
    gave_up = name.type in GAVE_UP
    if subscription := _named(said.metadata, "subscription_id"):
        return SubscriptionFact(
            event_id=name.id,
            event_type=name.type,
            subscription_id=subscription,
            stripe_id=said.subscription,
            gave_up=gave_up,
        )
    if gift := _named(said.metadata, "gift_id"):
        paid = said.payment_status == "paid"
        return GiftFact(
            event_id=name.id,
            event_type=name.type,
            gift_id=gift,
            payment_intent=said.payment_intent,
            paid_minor=said.amount_total if paid else None,
            currency=said.currency if paid else None,
            gave_up=gave_up,
        )
    return None


def _of_subscription(name: EventName, said: StripeObject) -> SubscriptionFact | None:
    """Canceling is for good here: we offer no way back, and a subscription that is paid on lasts all the same."""
    subscription = _named(said.metadata, "subscription_id")
    if subscription is None:
        return None
    return SubscriptionFact(
        event_id=name.id,
        event_type=name.type,
        subscription_id=subscription,
        stripe_id=said.id,
        canceled=said.cancel_at_period_end,
        is_over=name.type.endswith("deleted"),
    )


def _of_invoice(name: EventName, said: StripeObject) -> InvoiceFact | None:
    """The period is that of its lines: an invoice's own is the month that went before."""
    details = said.parent.subscription_details if said.parent else None
    if details is None:
        return None
    periods = [line.period for line in said.lines.data]
    paid = name.type == PAID
    if not periods:
        raise Unreadable("an invoice of a subscription without a period")
    return InvoiceFact(
        event_id=name.id,
        event_type=name.type,
        invoice=said.id,
        subscription_id=_named(details.metadata, "subscription_id"),
        stripe_id=details.subscription,
        paid_minor=said.amount_paid if paid else None,
        currency=said.currency if paid else None,
        failed=not paid,
        period_start=_at(min(period.start for period in periods)),
        period_end=_at(max(period.end for period in periods)),
    )


def _of_invoice_payment(name: EventName, said: StripeObject) -> InvoiceFact | None:
    """By which payment intent an invoice was paid, which refunds and disputes name."""
    intent = (said.payment or {}).get("payment_intent")
    if said.invoice is None or not isinstance(intent, str):
        return None
    return InvoiceFact(event_id=name.id, event_type=name.type, invoice=said.invoice, payment_intent=intent)


def _at(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable(f"{seconds} is no time") from error
