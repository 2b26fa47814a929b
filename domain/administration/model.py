"""An account and a purchase as an admin finds them."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.payments.model import PaymentState
from livestreamx.errors import Conflict


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its wallet, in tokens; `locked_for` says why it may not spend."""

    id: UUID
    handle: str
    email: str | None
    roles: tuple[str, ...]
    paid: int
    bonus: int
    locked_for: str | None
    created_at: datetime


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase of tokens and who made it."""

    id: UUID
    user_id: UUID
    handle: str
    tokens: int
    credited: int
    price_minor: int
    refunded_minor: int
    currency: str
    state: PaymentState
    created_at: datetime


class OwnRole(Conflict):
    code, title = "own_role", "Nobody takes the admin's role from themselves"
