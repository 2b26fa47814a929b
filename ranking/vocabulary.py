"""Text vectors without a language model at hand: a stream is the mean of the vectors of its terms.

Training embeds every term it has seen; serving adds them up, so that a stream of this minute has a vector at once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

WORD = re.compile(r"[^\W\d_]{3,}")
CATEGORY_WEIGHT, TAG_WEIGHT, WORD_WEIGHT = 3.0, 1.5, 1.0
MOST_TERMS = 4000
DIRECTIONS = 64


def terms_of(title: str, category: str, tags: Iterable[str]) -> dict[str, float]:
    """The weighted terms of a stream: its category, its tags and the words of its title, in lower case."""
    found: dict[str, float] = {}
    for word in WORD.findall(title.casefold()):
        found[word] = WORD_WEIGHT
    for tag in tags:
        found[tag.strip().casefold()] = TAG_WEIGHT
    found[category.strip().casefold()] = CATEGORY_WEIGHT
    found.pop("", None)
    return found


def count_terms(described: Iterable[tuple[str, str, Sequence[str]]]) -> list[str]:
    """The terms worth a vector, most frequent first; each `described` is (title, category, tags)."""
    seen: Counter[str] = Counter()
    for title, category, tags in described:
        seen.update(terms_of(title, category, tags).keys())
    return [term for term, _ in seen.most_common(MOST_TERMS)]


class Vocabulary(msgspec.Struct, frozen=True):
    """`terms` with their unit vectors, shape [len(terms), d]."""

    terms: list[str]
    vectors: Matrix
    rows: dict[str, int]

    @classmethod
    def of(cls, terms: list[str], vectors: Matrix) -> "Vocabulary":
        return cls(terms, vectors, {term: row for row, term in enumerate(terms)})

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    def vector(self, title: str, category: str, tags: Iterable[str]) -> Matrix:
        """Unit vector of a stream, shape [d]; zeros when none of its terms is known."""
        return np.asarray(self.vectors_of([(title, category, tags)])[0], np.float32)

    def vectors_of(self, described: Sequence[tuple[str, str, Iterable[str]]]) -> Matrix:
        """Unit vectors of streams, each by (title, category, tags), shape [n, d]."""
        rows: list[int] = []
        weights: list[float] = []
        counts: list[int] = []
        for told in described:
            known = [(self.rows[term], weight) for term, weight in terms_of(*told).items() if term in self.rows]
            rows += [row for row, _ in known]
            weights += [weight for _, weight in known]
            counts.append(len(known))
        total = np.zeros((len(described), self.dimensions), np.float32)
        some = np.flatnonzero(counts)
        if len(some):
            starts = (np.cumsum(counts, dtype=np.intp) - np.array(counts, np.intp))[some]
            total[some] = np.add.reduceat(self.vectors[rows] * np.array(weights, np.float32)[:, None], starts, axis=0)
        return unit(total)


def unit(rows: Matrix) -> Matrix:
    """Each row scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-9), np.float32)


def condense(vectors: Matrix, directions: int = DIRECTIONS) -> Matrix:
    """Unit vectors in the `directions` principal directions of these vectors (truncated SVD of the centred rows)."""
    if not len(vectors):
        return np.zeros((0, directions), np.float32)
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    kept = np.zeros((len(vectors), directions), np.float32)
    width = min(directions, len(axes))
    kept[:, :width] = centred @ axes[:width].T
    return unit(kept)
