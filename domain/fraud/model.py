"""What a flag is, and the refusals that stop somebody before they are charged."""

from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from livestreamx.clock import made_at, now
from livestreamx.errors import Conflict, NotFound, TooMany

FlagKind = Literal[
    "velocity", "shared_card", "gift_ring", "dispute", "amount_mismatch", "second_payment", "refund_failed"
]
FLAG_KINDS: tuple[FlagKind, ...] = get_args(FlagKind)

FlagState = Literal["open", "resolved"]


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """Something an admin should look at; `subject` is the payment, card or person that it is about."""

    id: UUID
    kind: FlagKind
    user_id: UUID
    handle: str
    subject: str
    evidence: dict[str, Any]
    wallet_locked: bool
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: UUID | None
    note: str | None


class GiftsBetween(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that two people gave each other lately."""

    given: int
    returned: int


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody gave lately: sends of the window, tokens of the hour, and how long ago the oldest of each was."""

    is_known: bool
    sends: int
    oldest_send_ms: int
    tokens: int
    oldest_token_ms: int


class VelocityLimit(TooMany):
    code, title = "velocity_limit", "A young account gives only so many tokens an hour"


class UnknownFlag(NotFound):
    code, title = "flag_not_found", "There is no such flag"


class FlagResolved(Conflict):
    code, title = "flag_resolved", "Somebody resolved this flag already"


def account_age(user_id: UUID) -> timedelta:
    """How long ago an account was made, as its id says."""
    return now() - made_at(user_id)
