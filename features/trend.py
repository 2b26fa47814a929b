"""How a channel is doing: who has been arriving lately, at which hours it is watched, how many people know it.

Everything about a channel that does not depend on who looks at it, moved on by the same events as the bonds.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.decay import DAY, FOREVER, HARMONICS, HOUR, MINUTE, FadingSums, earliest, fade, nearness, rhythm

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

SUMS = ("arrivals", "rush", "hours", "today", "week", "month", "audience", "minutes", "tokens", "present")
HALF_LIVES = np.array(
    [FOREVER, 40 * MINUTE, 2 * HOUR, 12 * HOUR, 3.5 * DAY, 30 * DAY, FOREVER, 7 * DAY, 7 * DAY, FOREVER]
    + [30 * DAY] * 2 * HARMONICS
)
ARRIVALS, RUSH, HOURS, TODAY, WEEK, MONTH, AUDIENCE, MINUTES, TOKENS, PRESENT = range(len(SUMS))
RHYTHM = slice(len(SUMS), len(SUMS) + 2 * HARMONICS)
WIDTH = len(HALF_LIVES) + 3
"""A stored trend: `at`, `first`, `last`, then the sums."""


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    """Channels as of one instant, one row each; `first` and `last` are arrivals (s, 0: none yet)."""

    at: float
    sums: Floats
    first: Floats
    last: Floats

    def __len__(self) -> int:
        return len(self.first)

    @property
    def trending(self) -> Floats:
        """Who arrived in the last hour, and where that is equal, today."""
        return np.asarray(self.sums[:, RUSH] + 1e-2 * self.sums[:, TODAY], np.float64)

    @property
    def present(self) -> Floats:
        """Viewers who have come and are not known to have left."""
        return np.asarray(self.sums[:, PRESENT], np.float64)

    @property
    def scheduled(self) -> Floats:
        """How much of a channel's watching falls near this time of day: 1 where the hour makes no difference."""
        total = self.sums[:, MONTH]
        return np.asarray(nearness(total + 2.0, self.sums[:, RHYTHM], self.at) / (total + 2.0), np.float64)

    def only(self, rows: Ints) -> "Trends":
        """The trends of these rows."""
        return Trends(at=self.at, sums=self.sums[rows], first=self.first[rows], last=self.last[rows])


class TrendTable:
    """The trends of all channels, one row each, moved on by what happens."""

    def __init__(self, rows: int) -> None:
        self.fading = FadingSums(rows, HALF_LIVES)
        self.first, self.last = np.zeros(rows), np.zeros(rows)

    @classmethod
    def of(cls, stored: Floats) -> "TrendTable":
        """The trends of these stored rows, to be moved on."""
        table = cls(len(stored))
        table.fading.at[:], table.first[:], table.last[:] = stored[:, :3].T
        table.fading.sums[:] = stored[:, 3:]
        return table

    def arrive(self, rows: Ints, at: Floats, new: Flags) -> None:
        """Viewers arrive, `new` ones for the first time ever."""
        amounts = np.zeros((len(rows), len(HALF_LIVES)))
        amounts[:, [ARRIVALS, RUSH, HOURS, TODAY, WEEK, MONTH, PRESENT]] = 1.0
        amounts[:, AUDIENCE] = new
        amounts[:, RHYTHM] = rhythm(at)
        earliest(self.first, rows, at)
        self.fading.add(rows, at, amounts)
        np.maximum.at(self.last, rows, at)

    def leave(self, rows: Ints, known: Floats, minutes: Floats) -> None:
        """Visits turn out, at the instants `known`, to be over after so many minutes."""
        amounts = np.zeros((len(rows), len(HALF_LIVES)))
        amounts[:, MINUTES], amounts[:, PRESENT] = minutes, -1.0
        self.fading.add(rows, known, amounts)

    def give(self, rows: Ints, at: Floats, tokens: Floats) -> None:
        """Viewers give."""
        amounts = np.zeros((len(rows), len(HALF_LIVES)))
        amounts[:, TOKENS] = tokens
        self.fading.add(rows, at, amounts)

    def seen_at(self, rows: Ints | slice, at: float) -> Trends:
        """These trends as of a later instant."""
        return Trends(at=at, sums=self.fading.seen_at(rows, at), first=self.first[rows], last=self.last[rows])

    def stored(self, rows: Ints | slice) -> Floats:
        """These trends as they are stored, shape [n, WIDTH]."""
        return np.column_stack([self.fading.at[rows], self.first[rows], self.last[rows], self.fading.sums[rows]])


def stored_rows(packed: Sequence[bytes | None]) -> Floats:
    """Rows from their bytes, zeros where there are none, shape [n, WIDTH]."""
    nothing = bytes(8 * WIDTH)
    return np.frombuffer(b"".join(row or nothing for row in packed), "<f8").reshape(-1, WIDTH)


def unpack(packed: Sequence[bytes | None], at: float) -> Trends:
    """Trends as of the instant `at` from their stored bytes (`affinity.pack`), zeros where there are none."""
    return seen_at(stored_rows(packed), at)


def seen_at(stored: Floats, at: float) -> Trends:
    """Stored rows as of the instant `at`."""
    sums = stored[:, 3:] * fade(at - stored[:, 0], HALF_LIVES)
    return Trends(at=at, sums=sums, first=stored[:, 1], last=stored[:, 2])
