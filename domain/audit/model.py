"""What the audit log says of one act."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One act: `subject` is what it was done to, such as `user:<id>`."""

    id: UUID
    actor_id: UUID | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str
    created_at: datetime
