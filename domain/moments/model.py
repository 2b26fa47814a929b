"""What is told of a moment: the ten seconds themselves, and a little of what led there."""

from datetime import timedelta

import msgspec

from domain.analytics.model import Moment
from domain.replay.model import Line
from livestreamx.errors import NotFound

LASTS = timedelta(seconds=10)
BEFORE, AFTER = timedelta(seconds=20), timedelta(seconds=20)
"""How much around it is shown."""
MOST_LINES = 60


class GiftGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A gift of a moment; `tokens` is what all `qty` of them cost."""

    handle: str
    code: str
    qty: int
    tokens: int


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A moment and what was going on: the chat around it, its reactions by mood and its gifts, the most first."""

    moment: Moment
    lines: tuple[Line, ...]
    moods: dict[str, int]
    gifts: tuple[GiftGiven, ...]


class UnknownMoment(NotFound):
    code, title = "moment_not_found", "There is no such moment"
