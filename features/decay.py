"""Sums that fade: each column halves in its own half-life, and a row is kept as of its latest change.

One arithmetic for a whole history at once, for one event of this second, and for a value read back from a store.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
FOREVER = np.inf
HARMONICS = 3
KERNEL = (0.85, 0.6, 0.3)
"""How much each harmonic of the day counts in `nearness`: a smooth window of about two hours either side."""
BATCH = 100_000


def fade(seconds: Floats, half_lives: Floats) -> Floats:
    """What is left of each column after so long, shape [n, columns]; a negative time counts as none."""
    return np.asarray(np.exp2(-np.maximum(seconds, 0.0)[:, None] / half_lives), np.float64)


class FadingSums:
    """One row a key, one column a quantity; `at` is the instant of each row's values (s)."""

    def __init__(self, rows: int, half_lives: Floats) -> None:
        self.half_lives = half_lives
        self.sums = np.zeros((rows, len(half_lives)))
        self.at = np.zeros(rows)

    def add(self, rows: Ints, at: Floats, amounts: Floats) -> None:
        """Add amounts [m, columns] that happened at these instants; rows may repeat, instants may come in any order."""
        for first in range(0, len(rows), BATCH):
            self._add(rows[first : first + BATCH], at[first : first + BATCH], amounts[first : first + BATCH])

    def _add(self, rows: Ints, at: Floats, amounts: Floats) -> None:
        latest = at.max()
        touched = np.unique(rows)
        moved = np.maximum(self.at[touched], latest)
        self.sums[touched] *= fade(moved - self.at[touched], self.half_lives)
        self.at[touched] = moved
        np.add.at(self.sums, rows, amounts * fade(self.at[rows] - at, self.half_lives))

    def seen_at(self, rows: Ints | slice, at: float) -> Floats:
        """The values of these rows as of a later instant, shape [n, columns]."""
        return np.asarray(self.sums[rows] * fade(at - self.at[rows], self.half_lives), np.float64)


def earliest(first: Floats, rows: Ints, at: Floats) -> None:
    """Lower `first` of these rows to the instants that lie before it, in any order; 0 stands for none yet."""
    touched = np.unique(rows)
    first[touched] = np.where(first[touched] > 0, first[touched], np.inf)
    np.minimum.at(first, rows, at)


def rhythm(at: Floats) -> Floats:
    """The time of day (UTC) as cosines and sines of its first harmonics, shape [n, 2 * HARMONICS].

    Summed up they are the circular moments of a daily habit (Fisher, Statistical Analysis of Circular Data, 1993).
    """
    angle = 2 * np.pi * (np.asarray(at, np.float64) % DAY) / DAY
    turns = np.arange(1, HARMONICS + 1) * angle[:, None]
    return np.hstack([np.cos(turns), np.sin(turns)])


def nearness(total: Floats, moments: Floats, at: float) -> Floats:
    """How many of the events summed in `total` [n] and `moments` [n, 2 * HARMONICS] fell near this time of day."""
    now = rhythm(np.array([at]))[0] * np.array(KERNEL * 2)
    return np.asarray(np.maximum(total + 2 * moments @ now, 0.0), np.float64)
