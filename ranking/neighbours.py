"""Channels that go together, as a short list of neighbours for each: EASE, and the cosine of who watches.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019; Sarwar et al., "Item-Based Collaborative
Filtering Recommendation Algorithms", WWW 2001. Fitting needs scipy; looking up needs numpy only.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]

RIDGE = 60.0
MOST_DENSE = 4000
"""EASE inverts a matrix of this many channels at most, the most watched ones."""
KEPT = 200
SHRINK = 5.0
BLOCK = 1000


class Seats(msgspec.Struct, frozen=True):
    """Where each channel is found among those that matter: a position below `many`, or `many` for the others."""

    position: Ints
    many: int


class Neighbours(msgspec.Struct, frozen=True):
    """Row r has the neighbours `columns[starts[r]:starts[r + 1]]` with their `weights`."""

    starts: NDArray[np.int64]
    columns: Ints
    weights: Matrix

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def fits(self) -> bool:
        """Whether every list lies within the columns, and every column is a row."""
        starts, columns = self.starts, self.columns
        inside = not len(columns) or (int(columns.min()) >= 0 and int(columns.max()) < len(self))
        whole = (
            starts[0] == 0 and starts[-1] == len(columns) == len(self.weights) and bool((np.diff(starts) >= 0).all())
        )
        return bool(inside and whole)

    def scores(self, rows: Ints, strengths: Floats, seats: Seats | None = None) -> Floats:
        """How much each channel goes with these, each counted by its strength; shape [len(self)], or [seats.many]."""
        size = len(self) if seats is None else seats.many
        lengths = self.starts[rows + 1] - self.starts[rows]
        total = int(lengths.sum())
        if not total:
            return np.zeros(size)
        offsets = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        found = np.repeat(self.starts[rows], lengths) + offsets
        weights = self.weights[found] * np.repeat(strengths, lengths)
        columns = self.columns[found] if seats is None else seats.position[self.columns[found]]
        return np.asarray(np.bincount(columns, weights, minlength=size)[:size], np.float64)


def fit_ease(users: Ints, creators: Ints, strengths: Floats, shape: tuple[int, int]) -> Neighbours:
    """EASE over the most watched channels; the strongest weights of each row are kept, whatever their sign."""
    from scipy.linalg import lapack
    from threadpoolctl import threadpool_limits

    bonds = _bonds(users, creators, strengths, shape)
    watched = np.bincount(creators, minlength=shape[1])
    dense = np.sort(np.argsort(-watched, kind="stable")[:MOST_DENSE])
    dense = dense[watched[dense] > 0]
    rows: list[tuple[Ints, Matrix]] = [(np.zeros(0, np.int32), np.zeros(0, np.float32))] * shape[1]
    if len(dense):
        some = bonds[:, dense]
        gram = (some.T @ some).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += RIDGE
        with threadpool_limits(1, "blas"):
            factor, _ = lapack.dpotrf(gram, lower=1, overwrite_a=1)
            inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        weights = (-inverse / np.diag(inverse)[None, :]).astype(np.float32)
        np.fill_diagonal(weights, 0.0)
        for number, row in enumerate(dense.tolist()):
            kept = _strongest(np.abs(weights[number]))
            rows[row] = (dense[kept].astype(np.int32), weights[number, kept])
    return _stacked(rows)


def fit_alike(users: Ints, creators: Ints, strengths: Floats, shape: tuple[int, int]) -> Neighbours:
    """The shrunken cosine between the audiences of any two channels, the nearest of each kept."""
    bonds = _bonds(users, creators, strengths, shape).tocsc()
    lengths = np.sqrt(np.asarray(bonds.multiply(bonds).sum(axis=0)).ravel())
    rows: list[tuple[Ints, Matrix]] = []
    for first in range(0, shape[1], BLOCK):
        shared = (bonds[:, first : first + BLOCK].T @ bonds).tocsr()
        for row in range(shared.shape[0]):
            part = slice(shared.indptr[row], shared.indptr[row + 1])
            columns, inner = shared.indices[part], shared.data[part]
            cosine = inner / (lengths[first + row] * lengths[columns] + SHRINK)
            cosine[columns == first + row] = 0
            kept = _strongest(cosine)
            rows.append((columns[kept].astype(np.int32), cosine[kept].astype(np.float32)))
    return _stacked(rows)


def _bonds(users: Ints, creators: Ints, strengths: Floats, shape: tuple[int, int]) -> Any:
    from scipy.sparse import coo_matrix

    return coo_matrix((strengths, (users, creators)), shape=shape).tocsr()


def _strongest(weights: NDArray[Any]) -> NDArray[np.intp]:
    """The positions of the strongest weights that are not zero."""
    kept = np.argpartition(-weights, KEPT)[:KEPT] if len(weights) > KEPT else np.arange(len(weights))
    return np.asarray(kept[weights[kept] > 0], np.intp)


def _stacked(rows: list[tuple[Ints, Matrix]]) -> Neighbours:
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)]).astype(np.int64)
    columns = np.concatenate([np.zeros(0, np.int32), *(columns for columns, _ in rows)])
    weights = np.concatenate([np.zeros(0, np.float32), *(weights for _, weights in rows)])
    return Neighbours(starts, columns, weights)
