"""What the audit log says of one act."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One act: `subject` is what it was done to, such as `user:<id>`; `about` is the handle of a person it names."""

    id: UUID
    actor_id: UUID | None
    actor: str | None
    about: str | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str
    created_at: datetime


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: of one channel, by somebody (a handle), of a kind (`ban` finds `user.banned`), within a span."""

    channel_id: UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
