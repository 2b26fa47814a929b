"""What a pack, an order, its payment and a settlement are, and why buying may be refused.

Money is integer minor units plus the ISO 4217 code in lower case, as Stripe writes it; tokens are whole.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, DomainError, NotFound, Unavailable

PaymentState = Literal["created", "paid", "credited", "failed", "refunded", "disputed"]
"""`created` until Stripe says that money came (`paid`); `credited` once its tokens are in the wallet."""

WITHOUT_MINOR_UNITS = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())
"""Currencies whose smallest unit is the unit itself (Stripe's list of zero-decimal currencies)."""


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that are for sale together."""

    id: str
    tokens: int
    price_minor: int
    currency: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One wish to buy a pack, at the price it had then; `checkout_url` once Stripe has taken it."""

    id: UUID
    user_id: UUID
    pack_id: str
    tokens: int
    price_minor: int
    currency: str
    checkout_url: str | None


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid on a page of Stripe: `qty` of it, once or monthly.

    `name` is under which name Stripe's events carry the id, `key` begins the key of asking again; `back` is where the
    buyer comes back to, with money paid or not.
    """

    id: UUID
    name: str
    key: str
    title: str
    price_minor: int
    currency: str
    back: str
    qty: int = 1
    is_monthly: bool = False


class CheckoutPage(msgspec.Struct, frozen=True):
    """Stripe's name of a page, and its address."""

    id: str
    url: str


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """An order and what became of it; `credited` is how many of its tokens the buyer got and keeps."""

    id: UUID
    pack_id: str
    tokens: int
    price_minor: int
    refunded_minor: int
    currency: str
    state: PaymentState
    credited: int
    created_at: datetime
    paid_at: datetime | None

    @property
    def is_partly_refunded(self) -> bool:
        return self.state == "credited" and self.refunded_minor > 0


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What one event of Stripe led to.

    `outcome` is `duplicate`, `kept` (nobody knows its order yet), `amount_mismatch`, `second_payment` or `settled`;
    `moved` is in tokens, below zero when they were taken back; `locked` says that it locked the
    wallet just now; `sharing_card` are others who paid with the same `card`.
    """

    outcome: str
    payment_id: UUID | None
    user_id: UUID | None
    moved: int
    state: PaymentState | None
    locked: bool
    card: str | None
    sharing_card: tuple[UUID, ...]


class RefundWish(msgspec.Struct, frozen=True, kw_only=True):
    """Unspent tokens whose money a buyer wants back: they wait apart from the wallet until Stripe says that it went."""

    outcome: str
    refund_id: UUID | None
    payment_intent: str | None
    tokens: int | None
    minor: int | None
    currency: str | None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that Stripe has taken."""

    id: UUID
    payment_id: UUID
    tokens: int
    minor: int
    currency: str


class ClaimMoved(msgspec.Struct, frozen=True, kw_only=True):
    """What a creator got for `tokens` of a gift is held, taken or released; `share` in hundredths of a token."""

    id: UUID
    gift_event_id: UUID
    creator_id: UUID
    tokens: int
    share: int
    state: Literal["held", "taken", "released"]


class NotRefundable(Conflict):
    """The code says why: `purchase_not_credited`, `refund_too_late` or `tokens_spent`."""

    code, title = "not_refundable", "This purchase cannot be refunded"


class RefundRefused(Conflict):
    code, title = "refund_refused", "The payment service refuses this refund; your tokens are in your wallet again"


class RefundUnanswered(Unavailable):
    code, title = "refund_unanswered", "The payment service did not answer: ask again, nothing is refunded twice"


class UnknownPack(NotFound):
    code, title = "unknown_pack", "There is no such pack"


class UnknownPayment(NotFound):
    code, title = "payment_not_found", "There is no such payment"


class PaymentsOff(Unavailable):
    code, title = "payments_off", "Payments are off: tokens cannot be bought here"


class CheckoutFailed(Unavailable):
    code, title = "checkout_failed", "The payment service did not answer; nothing was charged"


class CheckoutClosed(Conflict):
    code, title = "checkout_closed", "This was paid a moment ago, or ran out: look again"


class BadSignature(DomainError):
    code, title, status = "bad_signature", "This was not signed by the payment service", 400


def price_in_words(minor: int, currency: str) -> str:
    """129 of usd as `1.29 USD`."""
    code = currency.upper()
    return f"{minor} {code}" if currency in WITHOUT_MINOR_UNITS else f"{minor // 100}.{minor % 100:02} {code}"
