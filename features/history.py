"""What happened, as columns: streams, watches, gifts and follows with people and creators as small integers.

Every signal of a recommendation is a function of this and of an instant; see `features/affinity.py`.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """One row a stream; `end` is infinite while it is live. Times are seconds since the epoch."""

    ids: list[str]
    creator: Ints
    start: Floats
    end: Floats
    title: list[str]
    category: list[str]
    tags: list[tuple[str, ...]]

    def live_at(self, at: float) -> Ints:
        """Rows of the streams that are live at the instant `at`."""
        return np.flatnonzero((self.start <= at) & (self.end > at)).astype(np.int32)


class Watches(msgspec.Struct, frozen=True, kw_only=True):
    """One row a finished visit of a viewer to a stream, in order of `start`; known from `stop` on."""

    user: Ints
    stream: Ints
    start: Floats
    stop: Floats
    minutes: Floats

    def __len__(self) -> int:
        return len(self.user)


class Gifts(msgspec.Struct, frozen=True, kw_only=True):
    """One row a gift, in order of time."""

    user: Ints
    creator: Ints
    at: Floats
    tokens: Floats


class Follows(msgspec.Struct, frozen=True, kw_only=True):
    """One row a follow (`added`) or its withdrawal, in order of time."""

    user: Ints
    creator: Ints
    at: Floats
    added: Flags


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of the time before `until`; integers index `users` and `creators` (ids as text)."""

    until: float
    users: list[str]
    creators: list[str]
    handles: list[str]
    streams: Streams
    watches: Watches
    gifts: Gifts
    follows: Follows
    settling: float = 0.0
    """How long after its last sign of life a visit is known to be over (s)."""

    @property
    def watched_creator(self) -> Ints:
        """The creator of each watch."""
        return self.streams.creator[self.watches.stream]

    def before(self, at: float) -> "History":
        """The same history as it was known at the instant `at`: only visits that were known to be over."""
        over, given, followed = self.watches.stop + self.settling < at, self.gifts.at < at, self.follows.at < at
        return msgspec.structs.replace(
            self,
            until=at,
            watches=Watches(**{name: getattr(self.watches, name)[over] for name in Watches.__struct_fields__}),
            gifts=Gifts(**{name: getattr(self.gifts, name)[given] for name in Gifts.__struct_fields__}),
            follows=Follows(**{name: getattr(self.follows, name)[followed] for name in Follows.__struct_fields__}),
        )


class Numbering:
    """Gives each distinct name the next integer, in order of appearance."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def rows(self, names: Sequence[str]) -> Ints:
        """The integers of these names, new ones included."""
        known = self._rows
        return np.fromiter((known.setdefault(name, len(known)) for name in names), np.int32, len(names))

    @property
    def names(self) -> list[str]:
        return list(self._rows)
