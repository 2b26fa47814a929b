"""What new events touch: whose numbers, of which kind, and between which minutes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Source = Literal["chat_messages", "reactions", "gifts", "follows", "room_acts", "presence", "mood_states"]
"""A table of history that a rollup is made of."""
MINUTE_MS = 60_000


class Touched(msgspec.Struct, frozen=True):
    """Rows of one source came or may have come for these streams (of follows: creators) at `since <= t < until`."""

    source: Source
    about: tuple[UUID, ...]
    since: datetime
    until: datetime
