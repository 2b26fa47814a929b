"""Scores of all that is live by one vector of the viewer, without working out every one of them.

An index finds the foremost, which are then scored in full; mean and spread of the rest come from moments kept aside.
"""

from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.likings import FOREMOST
from livestreamx.pace import Rest, at_once
from ranking.index import VectorIndex

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

BLOCK = 1024
"""Rows whose moments are summed at once."""


class Moments(msgspec.Struct, frozen=True):
    """How many vectors there are, their sum [d] and the sum of their products [d, d]."""

    count: int
    total: Floats
    products: Floats

    @classmethod
    def of(cls, rows: Matrix, rest: Rest = at_once) -> "Moments":
        """The moments of these vectors, shape [n, d]."""
        total, products = np.zeros(rows.shape[1]), np.zeros((rows.shape[1], rows.shape[1]))
        for first in range(0, len(rows), BLOCK):
            block = rows[first : first + BLOCK].astype(np.float64)
            total += block.sum(axis=0)
            products += block.T @ block
            rest()
        return cls(len(rows), total, products)

    def changed(self, gone: Matrix, new: Matrix) -> "Moments":
        """The moments after these vectors have gone and those have come."""
        less, more = Moments.of(gone), Moments.of(new)
        return Moments(
            self.count - less.count + more.count,
            self.total - less.total + more.total,
            self.products - less.products + more.products,
        )

    def mean(self, query: Matrix) -> float:
        """The mean of all inner products with the query."""
        return float(self.total @ query) / max(self.count, 1)

    def spread(self, query: Matrix) -> float:
        """The standard deviation of all inner products with the query."""
        square = float(query @ self.products @ query) / max(self.count, 1)
        return float(np.sqrt(max(square - self.mean(query) ** 2, 0.0)))


class Searched(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """Inner products of a query with the vectors of an index; `vectors` are the same in full, one row each.

    `rows` says which of the vectors each row is (-1: zeros), where it is not its own.
    """

    query: Matrix
    index: VectorIndex
    vectors: Matrix
    rows: Ints | None = None

    def at(self, rows: Ints | slice) -> Floats:
        if self.rows is None:
            return np.asarray(self._of(rows) @ self.query, np.float64)
        own = self.rows[rows]
        return np.asarray((self._of(own) @ self.query) * (own >= 0), np.float64)

    def _of(self, rows: Ints | slice) -> Matrix:
        return self.vectors[rows] if isinstance(rows, slice) else self.vectors.take(rows, axis=0)

    @cached_property
    def found(self) -> tuple[Ints, Floats]:
        """The rows that the index finds, best first, and their scores."""
        if not self.query.any():
            return np.zeros(0, np.int32), np.zeros(0)
        rows = self.index.nearest(self.query, FOREMOST)
        scores = self.at(rows)
        order = np.argsort(-scores, kind="stable")
        return rows[order], scores[order]

    @property
    def foremost(self) -> Ints:
        rows, scores = self.found
        return rows[scores > 0]


class SearchedAndCompared(Searched, frozen=True, dict=True, kw_only=True):
    """The same with the `moments` of all the vectors."""

    moments: Moments

    @cached_property
    def mean(self) -> float:
        return self.moments.mean(self.query)

    @cached_property
    def spread(self) -> float:
        return self.moments.spread(self.query)

    @property
    def two_highest(self) -> tuple[float, float]:
        first, second = (*self.found[1][:2].tolist(), 0.0, 0.0)[:2]
        return first, second
