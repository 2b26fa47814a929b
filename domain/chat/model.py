"""What a chat's mode, its held messages and its blocked terms are, and why a message is not taken."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from domain.chat.terms import Action
from livestreamx.errors import Conflict, DomainError, Forbidden, Invalid, NotFound

ModeName = Literal["slow", "followers", "subscribers", "emotes", "unique", "shield"]
HeldState = Literal["held", "approved", "rejected"]
MOST_TERMS = 500
MOST_TERM_CHARACTERS = 100
SHIELD_FOLLOWED_MINUTES = 10
SHIELD_ACCOUNT_HOURS = 24


class Mode(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who may write and how often; moderators always may.

    `slowSeconds` 0 is off, `followersMinutes` is for how long one must have followed, null is off. Behind the shield
    write only those who have followed for 10 minutes and whose account is a day old, and what a filter would hold is
    refused.
    """

    slow_seconds: Annotated[int, msgspec.Meta(ge=0, le=120, examples=[30])] = 0
    followers_minutes: Annotated[int, msgspec.Meta(ge=0, le=129_600, examples=[10])] | None = None
    subscribers_only: bool = False
    emotes_only: bool = False
    unique_only: bool = False
    shield: bool = False

    def check(self) -> None:
        """`Invalid` for a slow mode under three seconds."""
        if 0 < self.slow_seconds < 3:
            raise Invalid("slowSeconds: 0, or 3 to 120")


OPEN = Mode()


class Pinned(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The message that stays in view."""

    message_id: UUID
    handle: str
    text: str
    pinned_by: str
    pinned_at: datetime


class StreamChat(msgspec.Struct, frozen=True, kw_only=True):
    """A stream's chat as its moderators set it; `version` rises with every change."""

    mode: Mode = OPEN
    pinned: Pinned | None = None
    version: int = 0


class HeldMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits, or waited, for a moderator."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    user_id: UUID
    handle: str
    session_id: str
    text: str
    reply_to: UUID | None
    reasons: tuple[str, ...]
    state: HeldState
    decided_by: UUID | None
    created_at: datetime


class BlockedTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A term of a channel, or of the platform where there is no creator."""

    id: UUID
    creator_id: UUID | None
    text: str
    form: str
    action: Action
    created_at: datetime


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """What ties a viewer to a creator."""

    followed_since: datetime | None
    subscribes: bool

    @property
    def is_any(self) -> bool:
        """Whether there is one at all."""
        return self.subscribes or self.followed_since is not None


class Said(msgspec.Struct, frozen=True):
    """Where a message was said and by whom."""

    stream_id: UUID
    user_id: UUID


class ModeRestricted(Forbidden):
    """`mode` says which one, `retryAfterMs` when it would let the message through, where that is known."""

    code, title = "mode_restricted", "The chat's mode does not allow this"

    def __init__(self, mode: ModeName, detail: str, retry_after_ms: int | None = None) -> None:
        extra: dict[str, Any] = {} if retry_after_ms is None else {"retryAfterMs": retry_after_ms}
        super().__init__(detail, mode=mode, **extra)


class Refused(DomainError):
    """The filters do not let the message through; `reasons` are those of the verdict."""

    code, title, status = "message_refused", "The message was not taken", 422

    def __init__(self, reasons: tuple[str, ...]) -> None:
        code = "blocked_term" if "blocked_term" in reasons else self.code
        super().__init__(f"{self.title}: {', '.join(reasons).replace('_', ' ')}", code=code, reasons=reasons)


class UnknownMessage(NotFound):
    code, title = "message_not_found", "There is no such message"


class UnknownHeld(NotFound):
    code, title = "held_not_found", "There is no such held message"


class UnknownTerm(NotFound):
    code, title = "term_not_found", "There is no such term"


class KnownTerm(Conflict):
    code, title = "term_exists", "This term is on the list already"
