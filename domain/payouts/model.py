"""What a payout is, and why one may be refused. Money is in cents of USD: the face of a paid token is one cent."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, Invalid, NotFound, PaymentRequired

PayoutState = Literal["requested", "review", "approved", "processing", "paid", "failed", "rejected"]
STATES: tuple[PayoutState, ...] = get_args(PayoutState)

Step = Literal["review", "approved", "processing", "paid", "failed", "rejected"]
"""Where an admin takes it: requested -> review -> approved -> processing -> paid | failed; or rejected before that."""

SMALLEST_MINOR = 2000
CURRENCY = "usd"


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Earnings that were set aside to be paid; `failed` and `rejected` ones are available again."""

    id: UUID
    creator_id: UUID
    handle: str
    amount_minor: int
    state: PayoutState
    requested_at: datetime
    changed_at: datetime


class Earnings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a creator's earnings are, in cents, rounded down.

    `pending` may still be disputed, `contested` is; `debt` is repaid by what matures next.
    """

    pending: int
    contested: int
    available: int
    in_payout: int
    paid: int
    debt: int


class Maturing(msgspec.Struct, frozen=True, kw_only=True):
    """Pending earnings (in cents) that are available from `at` on, unless they are disputed before."""

    at: datetime
    minor: int


class EarningsLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a month, in hundredths of a token (a hundredth of a cent): `gross - fee + reversal = net`."""

    at: datetime
    kind: Literal["gift", "subscription", "gift_subs", "refund", "clawback", "return"]
    reference: UUID
    gross: int
    fee: int
    reversal: int
    net: int


class UnknownPayout(NotFound):
    code, title = "payout_not_found", "There is no such payout"


class PayoutsBlocked(Conflict):
    code, title = "payouts_blocked", "Payouts wait: the books of the platform do not agree and are looked at"


class PayoutOpen(Conflict):
    code, title = "payout_open", "Another payout of yours is still on its way"


class PayoutStale(Conflict):
    code, title = "payout_stale", "This payout cannot go there from where it is now"


class PayoutTooSmall(Invalid):
    code, title = "payout_too_small", f"A payout is at least {SMALLEST_MINOR / 100:.2f} USD"


class InsufficientEarnings(PaymentRequired):
    """Carries `available`, in cents."""

    code, title = "insufficient_earnings", "Not so much is available"
