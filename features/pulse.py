"""Pulse: sums of a stream's seconds, and the sliding windows that they make. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.highlights import z_score
from livestreamx.events import MOODS

MOOD_SLOTS = len(MOODS)
CHATS, TOKENS, ACTS = MOOD_SLOTS, MOOD_SLOTS + 1, MOOD_SLOTS + 2
SLOTS = MOOD_SLOTS + 3
"""A second's sums: reactions by mood in the order of `MOODS`, accepted messages, tokens given, acts of any kind."""
WIDTHS = {width: Struct(f"<{SLOTS}{letter}") for width, letter in {1: "B", 2: "H", 4: "I", 8: "Q"}.items()}
"""How sums rest: `SLOTS` whole numbers, little-endian, each of as many bytes as the largest of them needs."""
WINDOW_SECONDS = 10
TRAILING_SECONDS = 300
"""What a window is compared with: the five minutes before it."""
LEAST_REACTIONS = 1.0
"""In a quiet room one reaction more is no sensation: the deviation of a window is at least this."""


class Velocity(msgspec.Struct, frozen=True, kw_only=True):
    """How fast things go: messages and reactions a second, and tokens, in one window.

    `reaction_z` is how many standard deviations the reactions lie above the mean of the trailing windows.
    """

    messages: float
    reactions: float
    tokens: int
    reaction_z: float


def at_rest(rows: NDArray[np.int64]) -> bytes:
    """Rows of sums, one after the other, as they rest; all as wide as the largest number needs."""
    largest = int(rows.max(initial=0))
    return rows.astype(f"<u{next(width for width in WIDTHS if largest < 256**width)}").tobytes()


def sums_of(row: bytes) -> list[int]:
    """A second's sums as they rested; `ValueError` for anything else."""
    if len(row) % SLOTS or len(row) // SLOTS not in WIDTHS:
        raise ValueError(f"{len(row)} bytes are no sums")
    return [*WIDTHS[len(row) // SLOTS].unpack(row)]


def velocity(seconds: Mapping[int, Sequence[int]], until: int) -> Velocity:
    """The window that ends before the second `until`, beside those of `TRAILING_SECONDS` before it."""
    nothing = [0] * SLOTS
    span = TRAILING_SECONDS + WINDOW_SECONDS
    dense = np.array([seconds.get(second, nothing) for second in range(until - span, until)], np.int64)
    made = dense.reshape(-1, WINDOW_SECONDS, SLOTS).sum(axis=1)
    reactions = made[:, :MOOD_SLOTS].sum(axis=1).tolist()
    return Velocity(
        messages=int(made[-1, CHATS]) / WINDOW_SECONDS,
        reactions=reactions[-1] / WINDOW_SECONDS,
        tokens=int(made[-1, TOKENS]),
        reaction_z=round(z_score(reactions[-1], reactions[:-1], LEAST_REACTIONS), 2),
    )


def windows(seconds: Mapping[int, Sequence[int]], length: int = WINDOW_SECONDS) -> Iterator[tuple[int, list[int]]]:
    """Every window of `length` seconds that holds an act, by its first second, one a second; O(time between acts)."""
    if not seconds:
        return
    first, last = min(seconds), max(seconds)
    dense = np.zeros((last - first + 1, SLOTS), np.int64)
    dense[np.array([*seconds]) - first] = np.array([*seconds.values()])
    nothing = np.zeros((length, SLOTS), np.int64)
    sums = np.cumsum(np.concatenate([nothing, dense, nothing[1:]]), axis=0)
    made = sums[length:] - sums[:-length]
    starts = np.flatnonzero(made[:, ACTS])
    yield from zip((first - length + 1 + starts).tolist(), made[starts].tolist(), strict=True)
