"""How alike texts are: the same, or nearly so by SimHash (Charikar 2002) over shingles of three characters."""

import hashlib

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.chat.words import PLAIN, as_word

LEAST_SAME = 8
"""Shorter texts may be repeated: cheers are."""
LEAST_ALIKE = 24
"""Shorter texts have too few shingles to say that they are nearly the same."""
BANDS = 4
"""Two of 64 bits that differ in at most three have one band of 16 bits in common."""

_BITS = np.arange(64, dtype=np.uint64)
_MIX = tuple(np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


class Likeness(msgspec.Struct, frozen=True):
    """What a text is compared by: its hash, its hash where it is long enough to count as repeated, and its SimHash."""

    exact: str
    same: str
    simhash: int | None

    @property
    def halves(self) -> tuple[int, int]:
        """The upper and lower 32 bits."""
        return divmod(self.simhash or 0, 1 << 32)

    @property
    def bands(self) -> tuple[str, ...]:
        """Parts of the SimHash; nearly the same texts share one of them."""
        if self.simhash is None:
            return ()
        return tuple(f"{band}:{self.simhash >> (16 * band) & 0xFFFF:04x}" for band in range(BANDS))


def simhash(text: str) -> int:
    """64 bits, most of which stay when a little of the text changes. At least three characters."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    mixed: NDArray[np.uint64] = codes[:-2] * _MIX[0] + codes[1:-1] * _MIX[1] + codes[2:] * _MIX[2]
    mixed ^= mixed >> np.uint64(29)
    mixed *= _MIX[1]
    mixed ^= mixed >> np.uint64(32)
    ones = ((mixed[:, None] >> _BITS) & np.uint64(1)).sum(axis=0)
    return int(((2 * ones > len(mixed)).astype(np.uint64) << _BITS).sum())


def likeness(folded: str) -> Likeness:
    """A folded text without its punctuation, numbers of repetitions and spaces, as it is compared."""
    core = as_word("".join(PLAIN.findall(folded))).letters or folded.replace(" ", "")
    exact = hashlib.blake2b(core.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    long, very_long = len(core) >= LEAST_SAME, len(core) >= LEAST_ALIKE
    return Likeness(exact, exact if long else "", simhash(core) if very_long else None)
