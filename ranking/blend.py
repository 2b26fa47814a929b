"""From scores to a list: chances, diversity (MMR) and bounded exploration."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

DIVERSITY = 0.2
EXPLORATION = 0.1
SAFE_SLOTS = 2
"""The first slots are never given to exploration."""


def chances(utility: Floats) -> Floats:
    """The probability that each candidate is the one chosen: a softmax, shape [n], sums to 1."""
    risen = np.exp(utility - utility.max())
    return np.asarray(risen / risen.sum(), np.float64)


def diversify(utility: Floats, likeness: Matrix, count: int, *, diversity: float = DIVERSITY) -> list[int]:
    """Up to `count` rows by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), best first.

    `likeness` holds one vector a row; the inner product of two is how much they repeat each other.
    """
    spread = float(np.ptp(utility)) if len(utility) else 0.0
    relevance = (utility - utility.min()) / spread if spread > 0 else np.zeros(len(utility))
    worth, repeats = (1 - diversity) * relevance, diversity * (likeness @ likeness.T).astype(np.float64)
    value, repeated = worth.copy(), np.full(len(utility), -np.inf)
    chosen: list[int] = []
    while len(chosen) < min(count, len(utility)):
        row = int(value.argmax())
        chosen.append(row)
        worth[row] = -np.inf
        np.maximum(repeated, repeats[row], out=repeated)
        np.subtract(worth, repeated, out=value)
    return chosen


def explore(
    chosen: list[int], unknown: Ints, draw: np.random.Generator, *, share: float = EXPLORATION
) -> tuple[list[int], set[int]]:
    """The list with about `share` of its slots given to random rows of `unknown`, and which rows those are.

    The number of slots is exact in expectation and never more than one above `share * len(chosen)`.
    """
    shown = set(chosen)
    fresh = [row for row in unknown.tolist() if row not in shown]
    slots = np.arange(min(SAFE_SLOTS, len(chosen)), len(chosen))
    count = min(int(len(chosen) * share + draw.random()), len(fresh), len(slots))
    if not count:
        return chosen, set()
    listed = list(chosen)
    rows = [fresh[number] for number in draw.choice(len(fresh), count, replace=False).tolist()]
    for slot, row in zip(draw.choice(slots, count, replace=False).tolist(), rows, strict=True):
        listed[slot] = row
    return listed, set(rows)
