"""What a viewer watched, and their choice of what may be made of it."""

from datetime import datetime
from uuid import UUID

import msgspec


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody opted out of recommendations made for them, and since when their watching may be known."""

    opt_out: bool = False
    history_since: datetime | None = None


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One stream as somebody watched it: first and last sign of life, and the minutes between, without the gaps."""

    stream_id: UUID
    creator_id: UUID
    creator: str
    title: str
    first: datetime
    last: datetime
    minutes: float
