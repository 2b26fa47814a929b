"""Events as Stripe writes and signs them."""

import json
import secrets
import time
from typing import Any

import stripe

Object = dict[str, Any]
SECRET = "whsec_of_the_peer"


def make_event(kind: str, about: Object, *, event_id: str = "") -> bytes:
    """The body of one delivery; deliveries of the same event carry the same id."""
    event = {
        "id": event_id or f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "livemode": False,
        "type": kind,
        "data": {"object": about},
    }
    return json.dumps(event).encode()


def sign(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    """The `Stripe-Signature` header, by Stripe's own scheme."""
    made: str = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return made


def session(payment_id: str, intent: str | None, minor: int, *, paid: bool, currency: str = "usd") -> Object:
    return {
        "id": f"cs_{payment_id}",
        "object": "checkout.session",
        "client_reference_id": payment_id,
        "metadata": {"payment_id": payment_id},
        "payment_intent": intent,
        "payment_status": "paid" if paid else "unpaid",
        "amount_total": minor,
        "currency": currency,
    }


def invoice(
    number: str, subscription: str, minor: int, *, owner: dict[str, str], start: int, end: int, paid: bool
) -> Object:
    """A month of a subscription; its own period is the month before, as Stripe has it."""
    return {
        "id": number,
        "object": "invoice",
        "status": "paid" if paid else "open",
        "amount_due": minor,
        "amount_paid": minor if paid else 0,
        "currency": "usd",
        "period_start": start - (end - start),
        "period_end": start,
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"subscription": subscription, "metadata": owner},
        },
        "lines": {"object": "list", "data": [{"amount": minor, "period": {"start": start, "end": end}}]},
    }


def invoice_payment(number: str, intent: str, minor: int) -> Object:
    return {
        "id": f"inpay_{intent}",
        "object": "invoice_payment",
        "invoice": number,
        "amount_paid": minor,
        "currency": "usd",
        "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": intent},
    }


def subscription(number: str, *, owner: dict[str, str], status: str = "active", ends: bool = False) -> Object:
    return {
        "id": number,
        "object": "subscription",
        "status": status,
        "metadata": owner,
        "cancel_at_period_end": ends,
    }


def charge(intent: str, minor: int, *, refunded: int = 0, card: str = "") -> Object:
    return {
        "id": f"ch_{intent}",
        "object": "charge",
        "payment_intent": intent,
        "amount": minor,
        "amount_refunded": refunded,
        "refunded": refunded == minor,
        "currency": "usd",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "fingerprint": card or f"fp_{intent}"}},
    }


def failed_refund(refund: str, intent: str, minor: int) -> Object:
    return {
        "id": refund,
        "object": "refund",
        "payment_intent": intent,
        "charge": f"ch_{intent}",
        "amount": minor,
        "currency": "usd",
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
    }


def dispute(intent: str, minor: int, status: str, *, number: int = 1) -> Object:
    return {
        "id": f"dp_{intent}_{number}",
        "object": "dispute",
        "payment_intent": intent,
        "charge": f"ch_{intent}",
        "amount": minor,
        "currency": "usd",
        "status": status,
    }
