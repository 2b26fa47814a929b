"""Which of many vectors have the largest inner product with one: FAISS, exact but for half precision.

Live streams number in the tens of thousands at most, so a search over every live row beats an approximate one.
"""

import faiss
import numpy as np
from numpy.typing import NDArray

from livestreamx.pace import Rest, at_once

Matrix = NDArray[np.float32]
Ints = NDArray[np.int32]

AT_ONCE = 4096
"""So many rows are taken in between two rests."""


class VectorIndex:
    """Searches rows by number, on one core: one query is too small to share, and who waits for others spins.

    Vectors are kept in half precision, so that a search reads half as much memory.
    """

    def __init__(self, index: "faiss.IndexScalarQuantizer") -> None:
        faiss.omp_set_num_threads(1)
        self._index = index

    @classmethod
    def build(cls, rows: Matrix, rest: Rest = at_once) -> "VectorIndex":
        """An index of these rows, shape [n, d]."""
        index = _empty(rows.shape[1])
        for first in range(0, len(rows), AT_ONCE):
            index.add(rows[first : first + AT_ONCE])
            rest()
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        return int(self._index.d)

    def only(self, rows: Ints) -> "VectorIndex":
        """An index of these rows, numbered anew; -1 stands for a row of zeros."""
        codes = faiss.vector_to_array(self._index.codes).reshape(len(self), -1)
        chosen = np.zeros((len(rows), codes.shape[1]), np.uint8)
        chosen[rows >= 0] = codes[rows[rows >= 0]]
        index = _empty(self.dimensions)
        index.add_sa_codes(chosen)
        return VectorIndex(index)

    def nearest(self, query: Matrix, count: int) -> Ints:
        """Up to `count` rows, the largest inner product first."""
        _, rows = self._index.search(query[None], min(count, len(self))) if len(self) else (None, np.zeros((1, 0)))
        return np.asarray(rows[0][rows[0] >= 0], np.int32)

    def to_bytes(self) -> bytes:
        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def from_bytes(cls, stored: bytes | bytearray) -> "VectorIndex":
        """`RuntimeError` when the bytes are no such index."""
        index = faiss.deserialize_index(np.frombuffer(stored, np.uint8))
        if not isinstance(index, faiss.IndexScalarQuantizer):
            raise RuntimeError(f"an index of another kind: {type(index).__name__}")
        return cls(index)


def _empty(dimensions: int) -> "faiss.IndexScalarQuantizer":
    return faiss.IndexScalarQuantizer(dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
