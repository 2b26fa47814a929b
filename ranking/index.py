"""Nearest creators by taste: one exact FAISS index over collaborative factor and text vector side by side.

Live streams number in the tens of thousands at most, so an exact search over the live rows beats any approximation.
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
    """Searches creators by row number."""

    def __init__(self, index: "faiss.Index") -> None:
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

    def nearest(self, query: Matrix, count: int, among: Ints) -> tuple[Ints, Matrix]:
        """Up to `count` of the rows in `among`, most alike first, with their likeness."""
        count = min(count, len(among))
        if not count:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        only = faiss.SearchParameters()
        only.sel = selector = faiss.IDSelectorBatch(among.astype(np.int64))
        likeness, rows = self._index.search(query[None], count, params=only)
        del selector
        found = rows[0] >= 0
        return rows[0][found].astype(np.int32), likeness[0][found]

    def vectors(self) -> Matrix:
        """All rows, shape [n, d]."""
        return np.asarray(self._index.reconstruct_n(0, len(self)), np.float32)

    def to_bytes(self) -> bytes:
        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def from_bytes(cls, stored: bytes) -> "CreatorIndex":
        """`RuntimeError` when the bytes are no index."""
        return cls(faiss.deserialize_index(np.frombuffer(stored, np.uint8)))
