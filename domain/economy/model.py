"""What a wallet, an entry of its ledger, a gift and its receipt are, and why a gift may be refused.

Tokens are whole here; the ledger counts hundredths of them, so that a creator's share is exact.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec

from livestreamx.clock import uuid7
from livestreamx.errors import Conflict, Forbidden, NotFound, PaymentRequired

Rarity = Literal["common", "rare", "epic", "legendary"]
RARITIES: tuple[Rarity, ...] = get_args(Rarity)

Bucket = Literal["paid", "bonus"]
"""Bonus tokens are spent first and give a creator score, never earnings."""

GrantReason = Literal["signup", "topup", "promo", "level", "purchase"]
BUCKET_OF: dict[GrantReason, Bucket] = {
    "signup": "bonus",
    "topup": "bonus",
    "promo": "bonus",
    "level": "bonus",
    "purchase": "paid",
}
LEVEL_TOKENS = 10
"""Bonus tokens for a level, times its number."""

MOST_GIFTS = 99
MOST_KEY_CHARACTERS = 128
MOST_COMBO_CHARACTERS = 64


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can spend: `tokens = paid + bonus`. A locked wallet receives but does not spend."""

    tokens: int
    paid: int
    bonus: int
    locked: bool = False


class WalletLock(msgspec.Struct, frozen=True, kw_only=True):
    """Why a wallet does not spend: `dispute` of these purchases, or an admin's words; None where it does."""

    reason: str | None
    purchases: tuple[UUID, ...]


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue; `command_action` is what it makes the show do, besides its animation."""

    code: str
    name: str
    token_cost: int
    rarity: Rarity
    animation_key: str
    command_action: str | None = None
    command_args: dict[str, Any] = {}
    """What the action is told unless the sender says otherwise."""


GiftState = Literal["charged", "delivered", "refunded"]
"""Charged while the command that it carries waits or plays, delivered once that is done, at once without one."""


class GiftEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A gift that was sent: by handles who gave it to whom, and `tokens` that all `qty` of them cost."""

    id: UUID
    gift_code: str
    qty: int
    tokens: int
    from_user: str
    to_creator: str
    stream_id: UUID
    triggered_action: str | None
    state: GiftState
    created_at: datetime


class GiftOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks to send; the ids are those that the gift and its event get if it is new."""

    gift_event_id: UUID = msgspec.field(default_factory=uuid7)
    event_id: UUID = msgspec.field(default_factory=uuid7)
    sender: UUID
    handle: str
    stream_id: UUID
    code: str
    qty: int = 1
    combo_id: str | None = None
    idempotency_key: str
    origin: str = ""
    """The request and the trace that it belongs to, for its event."""


class GiftOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of an order: `sent`, `replayed`, or the reason of the refusal.

    `cost` and balances in tokens; `again` (in a batch only) asks for the same order by itself.
    """

    outcome: str
    gift_event_id: UUID | None
    cost: int | None
    paid_left: int
    bonus_left: int
    created_at: datetime | None


class GiftReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a gift: the same for every retry with its key. `balance` is the wallet right after it."""

    gift_event_id: UUID
    code: str
    qty: int
    tokens: int
    balance: Wallet
    created_at: datetime


class LedgerPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where an entry stands: the number of its transaction in the ledger, and its bucket."""

    posting: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    bucket: Bucket


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction did to one bucket of a wallet.

    `delta` and `balance_after` in tokens of that bucket; a gift names its code, quantity and, as `ref_id`, its stream.
    """

    posting: int
    txn_id: UUID
    bucket: Bucket
    delta: int
    reason: str
    ref_id: UUID | None
    gift_code: str | None
    qty: int | None
    balance_after: int
    created_at: datetime

    @property
    def place(self) -> LedgerPlace:
        """What the next page of the ledger begins after."""
        return LedgerPlace(self.posting, self.bucket)


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A gift that is back with its sender; `is_new` is False when it was refunded before. `balance` is the sender's."""

    gift_event_id: UUID
    user_id: UUID
    stream_id: UUID
    tokens: int
    balance: Wallet
    is_new: bool


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a month's statement: what one transaction did to one bucket, in tokens."""

    at: datetime
    txn_id: UUID
    bucket: Bucket
    reason: str
    gift_code: str | None
    qty: int | None
    delta: int


class UnknownGiftEvent(NotFound):
    code, title = "gift_event_not_found", "There is no such gift"


class UnknownGift(NotFound):
    code, title = "unknown_gift", "There is no such gift"


class UnknownStream(NotFound):
    code, title = "stream_not_found", "There is no such stream"


class NotLive(Conflict):
    code, title = "not_live", "The stream is not live"


class SelfGift(Forbidden):
    code, title = "self_gift", "You cannot send gifts to yourself"


class KeyReused(Conflict):
    code, title = "idempotency_key_reused", "This key was used for another request"


class SpendLimit(Forbidden):
    """Carries `limit` and `spent` tokens, the window's `days`, and `retryAfterMs`: null where waiting does not help."""

    code, title = "spend_limit", "This is beyond the limit that you set yourself"


class SelfExcluded(Forbidden):
    """Carries `until` and `retryAfterMs`."""

    code, title = "self_excluded", "You excluded yourself from spending for a time"


class InsufficientTokens(PaymentRequired):
    """Carries `balance` and `cost`, both in tokens."""

    code, title = "insufficient_tokens", "Not enough tokens"
