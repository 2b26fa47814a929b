"""What moderators, bans and a person's standing in a channel are."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.clock import now
from livestreamx.errors import Conflict, Forbidden, NotFound

BAN_SECONDS = (10, 14 * 24 * 3600)
"""The bounds of a timeout; a ban without a duration does not end by itself."""
MOST_REASON = 500

ReportState = Literal["open", "resolved", "dismissed"]
AppealState = Literal["open", "accepted", "denied"]


class Moderator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who keeps order in a channel."""

    id: UUID
    handle: str
    granted_at: datetime


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel where somebody keeps order, with its live stream, else its latest, if there is any."""

    id: UUID
    handle: str
    stream_id: UUID | None
    is_live: bool


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody may not take part in a channel, and until when; None for good."""

    id: UUID
    creator_id: UUID
    user_id: UUID
    handle: str
    until: datetime | None
    reason: str
    banned_by: UUID | None
    created_at: datetime


SUBSCRIBER = "subscriber_"
"""The badge of a subscriber, with the tier."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is in one channel; `until` and `reason` are of the ban, `tier` of their subscription."""

    moderates: bool = False
    banned: bool = False
    until: datetime | None = None
    reason: str = ""
    tier: int | None = None

    @property
    def badges(self) -> tuple[str, ...]:
        """Those that somebody wears in this channel only."""
        return () if self.tier is None else (f"{SUBSCRIBER}{self.tier}",)

    @property
    def is_banned(self) -> bool:
        """Whether the ban still holds."""
        return self.banned and (self.until is None or self.until > now())

    def require_welcome(self) -> None:
        """`Banned` for who may not take part."""
        if self.is_banned:
            raise Banned(self.until, self.reason)


MUTED = "muted"
"""The code of a timeout."""
PLAIN = Standing()
"""Of who neither keeps order nor is banned nor subscribes."""


class Banned(Forbidden):
    """`until` is sent along, null for a ban; a timeout has the code `muted` and also says how long it lasts (ms)."""

    code, title = "banned", "You may not take part in this channel"

    def __init__(self, until: datetime | None, reason: str = "") -> None:
        told = "You are banned from this channel" if until is None else "You are timed out in this channel"
        told = f"{told}: {reason}" if reason else told
        if until is None:
            super().__init__(told, until=None)
        else:
            left_ms = max(1, round((until - now()).total_seconds() * 1000))
            super().__init__(told, code=MUTED, until=until.isoformat(), retryAfterMs=left_ms)


class NotBanned(NotFound):
    code, title = "ban_not_found", "This person is not banned from the channel"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a viewer found wrong about somebody, or a message of theirs; `excerpt` is the message as it was then."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    reporter_id: UUID
    user_id: UUID
    handle: str
    message_id: UUID | None
    excerpt: str
    reason: str
    state: ReportState
    decided_by: UUID | None
    created_at: datetime


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """What a banned person asks, and the answer."""

    id: UUID
    creator_id: UUID
    user_id: UUID
    handle: str
    text: str
    state: AppealState
    answer: str
    decided_by: UUID | None
    created_at: datetime


class UnknownReport(NotFound):
    code, title = "report_not_found", "There is no such report"


class UnknownAppeal(NotFound):
    code, title = "unban_request_not_found", "There is no such unban request"


class AlreadyReported(Conflict):
    code, title = "already_reported", "You reported this already: it waits for a moderator"


class AlreadyAppealed(Conflict):
    code, title = "already_requested", "You asked to be unbanned already: a ban is appealed once"


class AlreadyDecided(Conflict):
    code, title = "already_decided", "Another moderator was faster"
