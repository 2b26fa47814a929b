"""Reading Stripe's events: the few facts in them that can only grow, so that their order does not matter.

Objects: https://docs.stripe.com/api/checkout/sessions, /charges, /refunds, /disputes. Nothing else is used.
"""

from typing import Any
from uuid import UUID

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says of one payment; amounts in minor units, None for what it does not say."""

    event_id: str
    event_type: str
    payment_intent: str | None = None
    payment_id: UUID | None = None
    paid_minor: int | None = None
    currency: str | None = None
    gave_up: bool = False
    refunded_minor: int | None = None
    card: str | None = None
    dispute: str | None = None
    disputed_minor: int | None = None
    opened: bool = False
    won: bool = False
    lost: bool = False


class FailedRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that the buyer's bank did not take, maybe after it had succeeded: the money is with us again."""

    refund: str
    payment_intent: str
    minor: int
    reason: str


class Unreadable(ValueError):
    """A signed event that is not as Stripe describes it."""


class StripeObject(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are read, of whichever object an event is about."""

    id: str
    payment_intent: str | None = None
    client_reference_id: str | None = None
    payment_status: str = ""
    amount_total: int | None = None
    amount: int = 0
    amount_refunded: int = 0
    currency: str | None = None
    status: str | None = None
    failure_reason: str | None = None
    payment_method_details: dict[str, Any] | None = None


class EventData(msgspec.Struct, frozen=True):
    object: StripeObject


class StripeEvent(msgspec.Struct, frozen=True):
    id: str
    type: str
    data: EventData


class EventName(msgspec.Struct, frozen=True):
    id: str
    type: str


GAVE_UP = frozenset({"checkout.session.expired", "checkout.session.async_payment_failed"})
SESSIONS = GAVE_UP | {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
CHARGES = frozenset({"charge.succeeded", "charge.updated", "charge.refunded"})
REFUNDS = frozenset({"refund.failed", "refund.updated", "charge.refund.updated"})
DISPUTES = frozenset(
    f"charge.dispute.{what}" for what in ("created", "updated", "funds_withdrawn", "funds_reinstated", "closed")
)

_event = msgspec.json.Decoder(StripeEvent)
_name = msgspec.json.Decoder(EventName)


def read_event(body: bytes) -> Fact | FailedRefund | None:
    """What an event says, None for one that says nothing of payments or their failed refunds; `Unreadable`."""
    try:
        name = _name.decode(body)
        if name.type not in SESSIONS | CHARGES | REFUNDS | DISPUTES:
            return None
        said = _event.decode(body).data.object
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if name.type in REFUNDS:
        return _of_refund(said)
    fact = Fact(event_id=name.id, event_type=name.type, payment_intent=said.payment_intent)
    if name.type in SESSIONS:
        return _of_session(fact, said)
    return _of_charge(fact, said) if name.type in CHARGES else _of_dispute(fact, said)


def _of_refund(said: StripeObject) -> FailedRefund | None:
    if said.status != "failed" or said.payment_intent is None:
        return None
    return FailedRefund(
        refund=said.id, payment_intent=said.payment_intent, minor=said.amount, reason=said.failure_reason or "unknown"
    )


def _of_session(fact: Fact, said: StripeObject) -> Fact:
    """Money came only when the session says `paid`: a completed one may still wait for a bank."""
    paid = said.payment_status == "paid"
    try:
        payment_id = UUID(said.client_reference_id or "")
    except ValueError:
        payment_id = None  # a session that somebody else opened with our keys
    return msgspec.structs.replace(
        fact,
        payment_id=payment_id,
        paid_minor=said.amount_total if paid else None,
        currency=said.currency if paid else None,
        gave_up=fact.event_type in GAVE_UP,
    )


def _of_charge(fact: Fact, said: StripeObject) -> Fact:
    card = (said.payment_method_details or {}).get("card") or {}
    return msgspec.structs.replace(
        fact, refunded_minor=said.amount_refunded, card=str(card["fingerprint"]) if card.get("fingerprint") else None
    )


def _of_dispute(fact: Fact, said: StripeObject) -> Fact:
    """An inquiry (`warning_...`) takes no money, so it is no dispute yet; money given back is one that was won."""
    status = said.status or ""
    if said.payment_intent is None:
        return fact
    return msgspec.structs.replace(
        fact,
        dispute=said.id,
        disputed_minor=said.amount,
        opened=not status.startswith("warning"),
        won=status == "won" or fact.event_type.endswith("funds_reinstated"),
        lost=status == "lost",
    )
