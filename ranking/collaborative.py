"""Collaborative factors: who watches whom and who gives to whom, by weighted alternating least squares.

Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008. Fitting needs
`implicit`; folding a viewer in needs numpy only, so that serving can do it for each request.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Ints = NDArray[np.int32]

FEWEST_FACTORS, MOST_FACTORS = 8, 64
ALPHA = 10.0
REGULARIZATION = 1.0
ITERATIONS = 12
TOKEN_MINUTES = 0.5
"""A token given counts as that many minutes watched."""


class CreatorFactors(msgspec.Struct, frozen=True):
    """One row a creator, shape [n, d], their lengths [n] and their Gram matrix [d, d]; who nobody watched has zeros."""

    vectors: Matrix
    lengths: Matrix
    gram: Matrix

    @classmethod
    def of(cls, vectors: Matrix) -> "CreatorFactors":
        return cls(vectors, np.linalg.norm(vectors, axis=1), vectors.T @ vectors)

    def lengths_of(self, rows: Ints) -> Matrix:
        """How long these vectors are; a little where they are zeros, so that one may divide by it."""
        return np.maximum(self.lengths[rows], np.float32(1e-9))

    def fold_in(self, rows: Ints, strengths: NDArray[np.float64]) -> Matrix:
        """The factor of a viewer with these bonds, shape [d]: the exact minimiser with the creators held still."""
        if not len(rows):
            return np.zeros(self.vectors.shape[1], np.float32)
        mine = self.vectors[rows]
        confidence = ALPHA * strengths.astype(np.float32)
        left = self.gram + (mine.T * confidence) @ mine
        left[np.diag_indices_from(left)] += REGULARIZATION
        solved: Matrix = np.linalg.solve(left, mine.T @ (1 + confidence)).astype(np.float32)
        return solved


def dimensions_for(creators: int) -> int:
    """How many factors so many creators carry: their square root; more would learn each bond by heart."""
    return min(max(math.isqrt(creators), FEWEST_FACTORS), MOST_FACTORS)


def strength(minutes: NDArray[np.float64], tokens: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much a bond counts: the logarithm of faded minutes, tokens counted as minutes."""
    return np.log1p(minutes + TOKEN_MINUTES * tokens)


def fit(
    users: Ints, creators: Ints, strengths: NDArray[np.float64], shape: tuple[int, int], *, seed: int = 0
) -> CreatorFactors:
    """Factors of the creators from one row a bond; `shape` is (number of users, number of creators)."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import coo_matrix
    from threadpoolctl import threadpool_limits

    if not len(users):
        return CreatorFactors.of(np.zeros((shape[1], dimensions_for(shape[1])), np.float32))
    confidence = 1 + ALPHA * strengths.astype(np.float32)
    bonds = coo_matrix((confidence, (users, creators)), shape=shape).tocsr()
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=dimensions_for(shape[1]),
            regularization=REGULARIZATION,
            iterations=ITERATIONS,
            alpha=1.0,
            random_state=seed,
            num_threads=1,
        )
        model.fit(bonds, show_progress=False)
    vectors = np.asarray(model.item_factors, np.float32)
    vectors[np.bincount(creators, minlength=shape[1]) == 0] = 0
    return CreatorFactors.of(np.ascontiguousarray(vectors))
