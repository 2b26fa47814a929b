"""What the learned models say of all that is live to one viewer, as the signals ask for it, however it is found."""

from functools import cached_property
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

LIKING = ("ease", "cowatch", "alike", "sequel", "text")
"""The models; see `ranking/taste.py`."""
FOREMOST = 120
"""So many streams are told of in order; nothing that comes later is taken for its place."""


class Liking(Protocol):
    """One model's scores of all that is live, one row a stream."""

    def at(self, rows: Ints | slice) -> Floats:
        """The scores of these rows."""

    @property
    def foremost(self) -> Ints:
        """Up to `FOREMOST` rows that score above 0, best first."""


class Compared(Liking, Protocol):
    """Scores that count by how they stand against all others."""

    @property
    def mean(self) -> float:
        """The mean of all scores."""

    @property
    def spread(self) -> float:
        """Their standard deviation."""

    @property
    def two_highest(self) -> tuple[float, float]:
        """The highest score and the one after it; 0 where there is none."""


class Scored(msgspec.Struct, frozen=True, dict=True):
    """Every score at hand, shape [n]."""

    scores: Floats

    def at(self, rows: Ints | slice) -> Floats:
        return self.scores[rows]

    @cached_property
    def mean(self) -> float:
        return float(self.scores.mean()) if len(self.scores) else 0.0

    @cached_property
    def spread(self) -> float:
        scores, mean = self.scores, self.mean
        return float(np.sqrt(max(np.dot(scores, scores) / max(len(scores), 1) - mean * mean, 0.0)))

    @cached_property
    def foremost(self) -> Ints:
        best = highest(self.scores, FOREMOST)
        return best[np.argsort(-self.scores[best], kind="stable")].astype(np.int32)

    @cached_property
    def two_highest(self) -> tuple[float, float]:
        if len(self.foremost) > 1:
            first, second = self.scores[self.foremost[:2]].tolist()
            return first, second
        return two_highest(self.scores)


class Likings(msgspec.Struct, frozen=True, kw_only=True):
    """What each model says; the neighbours' scores are all at hand."""

    ease: Scored
    cowatch: Compared
    alike: Scored
    sequel: Scored
    text: Liking

    @classmethod
    def of(cls, scores: Floats) -> "Likings":
        """From every score, shape [n, len(LIKING)]."""
        return cls(**{name: Scored(np.ascontiguousarray(scores[:, at])) for at, name in enumerate(LIKING)})

    @property
    def compared(self) -> tuple[Compared, ...]:
        """The first of `LIKING`: how far a score stands out says more than the score."""
        return self.ease, self.cowatch, self.alike

    @property
    def plain(self) -> tuple[Liking, ...]:
        """The others of `LIKING`."""
        return self.sequel, self.text


def stand_out(liking: Compared, scores: Floats) -> Floats:
    """How far these scores stand out among all that it tells of."""
    return np.asarray((scores - liking.mean) / (liking.spread + 1e-9), np.float64)


def highest(scores: Floats, count: int, among: Flags | None = None) -> NDArray[np.intp]:
    """Up to `count` positions of the highest scores above 0 (among these), in no order; quick where most are 0."""
    found = np.flatnonzero(scores > 0 if among is None else (scores > 0) & among)
    return found if len(found) <= count else found[np.argpartition(-scores[found], count)[:count]]


def two_highest(scores: Floats) -> tuple[float, float]:
    """The highest of these scores and the one after it; 0 where there is none."""
    if len(scores) < 2:
        return float(scores.max(initial=-np.inf)) if len(scores) else 0.0, 0.0
    second, first = np.partition(scores, len(scores) - 2)[-2:].tolist()
    return first, second
