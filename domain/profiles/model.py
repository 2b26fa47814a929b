"""What following is."""

from datetime import datetime
from uuid import UUID

import msgspec


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A creator whom somebody follows; `live_stream_id` when they are live and public."""

    id: UUID
    handle: str
    avatar_url: str | None
    level: int
    followed_at: datetime
    live_stream_id: UUID | None
