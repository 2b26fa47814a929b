"""What a person is told of their standing in a channel."""

from datetime import datetime

import msgspec


class StandingChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Private: what one is in this channel now; `until` is when a timeout ends, null for a ban that does not."""

    moderator: bool
    banned: bool
    until: datetime | None = None
    reason: str = ""
