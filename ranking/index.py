"""Nearest creators by taste: one FAISS index over collaborative factor and text vector side by side.

Live streams number in the tens of thousands at most, so a search over every live row beats an approximate one.
"""

import faiss
import numpy as np
from numpy.typing import NDArray

from ranking.vocabulary import unit

Matrix = NDArray[np.float32]
Ints = NDArray[np.int32]

TEXT_SHARE = 0.35
"""How much of a neighbour's likeness is text; the rest is co-watching."""


def side_by_side(factors: Matrix, text: Matrix) -> Matrix:
    """Rows whose inner product is the weighted sum of both cosines, shape [n, d_factors + d_text]."""
    return np.ascontiguousarray(
        np.hstack([unit(factors) * np.sqrt(1 - TEXT_SHARE), unit(text) * np.sqrt(TEXT_SHARE)]), np.float32
    )


class CreatorIndex:
    """Searches creators by row number, on one core: one query is too small to share, and who waits for others spins."""

    def __init__(self, index: "faiss.Index") -> None:
        faiss.omp_set_num_threads(1)
        self._index = index

    @classmethod
    def build(cls, rows: Matrix) -> "CreatorIndex":
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        return int(self._index.d)

    def only(self, rows: Ints) -> "CreatorIndex":
        """An index of these rows, numbered anew, in half precision: a search reads half as much memory."""
        index = faiss.IndexScalarQuantizer(self.dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index.add(self.vectors(rows))
        return CreatorIndex(index)

    def nearest(self, query: Matrix, count: int) -> Ints:
        """Up to `count` rows, most alike first."""
        _, rows = self._index.search(query[None], min(count, len(self))) if len(self) else (None, np.zeros((1, 0)))
        return np.asarray(rows[0][rows[0] >= 0], np.int32)

    def vectors(self, rows: Ints) -> Matrix:
        """These rows, shape [len(rows), d]."""
        return np.asarray(self._index.reconstruct_batch(rows.astype(np.int64)), np.float32)

    def to_bytes(self) -> bytes:
        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def from_bytes(cls, stored: bytes) -> "CreatorIndex":
        """`RuntimeError` when the bytes are no index."""
        return cls(faiss.deserialize_index(np.frombuffer(stored, np.uint8)))
