"""How close a viewer is to a creator: visits, watch time and gifts that fade, and the hours they come at.

An arrival counts at once, its minutes only when the visit is known to be over: nobody knows how long it will last.
"""

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.decay import DAY, FOREVER, HARMONICS, FadingSums, earliest, fade, nearness, rhythm

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MINIMUM_MINUTES = 0.5
"""A shorter visit says nothing about taste."""
VISIT_MINUTES, VISIT_TOKENS = 30.0, 50.0
"""So many minutes watched, or tokens given, count as much as one visit more."""

SUMS = ("visits", "day", "week", "month", "minutes", "tokens", "present")
HALF_LIVES = np.array([FOREVER, DAY, 7 * DAY, 30 * DAY, 14 * DAY, 14 * DAY, FOREVER] + [30 * DAY] * 2 * HARMONICS)
VISITS, IN_A_DAY, IN_A_WEEK, IN_A_MONTH, MINUTES, TOKENS, PRESENT = range(len(SUMS))
RHYTHM = slice(len(SUMS), len(SUMS) + 2 * HARMONICS)
WIDTH = len(HALF_LIVES) + 4
"""A stored bond: `at`, `first`, `last`, `left`, then the sums."""
RECENCY = np.array([1.0, 0.38, 0.18])
"""Weights of the visits of about a day, a week and a month: the power law of forgetting as a sum of exponentials.

Anderson and Schooler, "Reflections of the Environment in Memory", Psychological Science 1991.
"""


class Bonds(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A viewer's bonds as of one instant, one row a creator.

    `sums` has the columns of `SUMS` and the rhythm; `first` and `last` are arrivals and `left` the last known end of a
    visit (s, 0: none).
    """

    at: float
    sums: Floats
    first: Floats
    last: Floats
    left: Floats

    def __len__(self) -> int:
        return len(self.first)

    def only(self, rows: Ints) -> "Bonds":
        """The bonds of these rows."""
        return Bonds(
            at=self.at, sums=self.sums[rows], first=self.first[rows], last=self.last[rows], left=self.left[rows]
        )

    @cached_property
    def activation(self) -> Floats:
        """How present each creator is in this viewer's habits: frequency and recency in one number."""
        return np.asarray(self.sums[:, IN_A_DAY : IN_A_MONTH + 1] @ RECENCY, np.float64)

    @cached_property
    def near(self) -> Floats:
        """How many visits of the last weeks fell near this time of day."""
        return nearness(self.sums[:, IN_A_MONTH], self.sums[:, RHYTHM], self.at)

    @property
    def strength(self) -> Floats:
        """How much each bond counts when tastes are compared."""
        worth = self.sums[:, IN_A_MONTH] + self.sums[:, MINUTES] / VISIT_MINUTES + self.sums[:, TOKENS] / VISIT_TOKENS
        return np.asarray(np.log1p(np.maximum(worth, 0.0)), np.float64)


NO_BONDS = Bonds(at=0.0, sums=np.zeros((0, len(HALF_LIVES))), first=np.zeros(0), last=np.zeros(0), left=np.zeros(0))


class BondTable:
    """The bonds of many pairs of viewer and creator, one row a pair, moved on by what happens."""

    def __init__(self, rows: int) -> None:
        self.fading = FadingSums(rows, HALF_LIVES)
        self.first, self.last, self.left = np.zeros(rows), np.zeros(rows), np.zeros(rows)

    @classmethod
    def of(cls, stored: Floats) -> "BondTable":
        """The bonds of these stored rows, to be moved on."""
        table = cls(len(stored))
        table.fading.at[:], table.first[:], table.last[:], table.left[:] = stored[:, :4].T
        table.fading.sums[:] = stored[:, 4:]
        return table

    def arrive(self, rows: Ints, at: Floats) -> None:
        """Viewers arrive; what is not known yet is how long they stay."""
        amounts = np.zeros((len(rows), len(HALF_LIVES)))
        amounts[:, [VISITS, IN_A_DAY, IN_A_WEEK, IN_A_MONTH, PRESENT]] = 1.0
        amounts[:, RHYTHM] = rhythm(at)
        earliest(self.first, rows, at)
        self.fading.add(rows, at, amounts)
        np.maximum.at(self.last, rows, at)

    def leave(self, rows: Ints, known: Floats, stop: Floats, minutes: Floats) -> None:
        """Visits turn out, at the instants `known`, to have ended at `stop` after so many minutes."""
        amounts = np.zeros((len(rows), len(HALF_LIVES)))
        amounts[:, MINUTES], amounts[:, PRESENT] = minutes, -1.0
        self.fading.add(rows, known, amounts)
        np.maximum.at(self.left, rows, stop)

    def give(self, rows: Ints, at: Floats, tokens: Floats) -> None:
        """Viewers give."""
        amounts = np.zeros((len(rows), len(HALF_LIVES)))
        amounts[:, TOKENS] = tokens
        self.fading.add(rows, at, amounts)

    def seen_at(self, rows: Ints | slice, at: float) -> Bonds:
        """These bonds as of a later instant."""
        sums = self.fading.seen_at(rows, at)
        return Bonds(at=at, sums=sums, first=self.first[rows], last=self.last[rows], left=self.left[rows])

    def stored(self, rows: Ints | slice) -> Floats:
        """These bonds as they are stored, shape [n, WIDTH]."""
        times = [self.fading.at[rows], self.first[rows], self.last[rows], self.left[rows]]
        return np.column_stack([*times, self.fading.sums[rows]])


def stored_rows(packed: Sequence[bytes]) -> Floats:
    """Rows from their bytes, shape [n, WIDTH]; `ValueError` when they are not bonds."""
    return np.frombuffer(b"".join(packed), "<f8").reshape(-1, WIDTH)


def pack(stored: Floats) -> list[bytes]:
    """Rows as bytes, little-endian doubles."""
    return [row.tobytes() for row in np.ascontiguousarray(stored, "<f8")]


def unpack(packed: Sequence[bytes], at: float) -> Bonds:
    """Bonds as of the instant `at` from their stored bytes; `ValueError` when they are not bonds."""
    stored = stored_rows(packed)
    sums = stored[:, 4:] * fade(at - stored[:, 0], HALF_LIVES)
    return Bonds(at=at, sums=sums, first=stored[:, 1], last=stored[:, 2], left=stored[:, 3])
