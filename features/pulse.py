"""Pulse: sums of a stream's seconds, and the sliding windows that they make. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from livestreamx.events import MOODS

MOOD_SLOTS = len(MOODS)
CHATS, TOKENS, ACTS = MOOD_SLOTS, MOOD_SLOTS + 1, MOOD_SLOTS + 2
SLOTS = MOOD_SLOTS + 3
"""A second's sums: reactions by mood in the order of `MOODS`, accepted messages, tokens given, acts of any kind."""
WINDOW_SECONDS = 10


def windows(seconds: Mapping[int, Sequence[int]], length: int = WINDOW_SECONDS) -> Iterator[tuple[int, list[int]]]:
    """Every window of `length` seconds that holds an act, by its first second, one a second; O(time between acts)."""
    if not seconds:
        return
    first, last = min(seconds), max(seconds)
    row = [0] * SLOTS
    dense = np.array([seconds.get(second, row) for second in range(first, last + 1)], np.int64)
    nothing = np.zeros((length, SLOTS), np.int64)
    sums = np.cumsum(np.concatenate([nothing, dense, nothing[1:]]), axis=0)
    made = sums[length:] - sums[: -length]
    for start in np.flatnonzero(made[:, ACTS]).tolist():
        yield first - length + 1 + start, made[start].tolist()
