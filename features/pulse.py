"""Pulse: sums of a stream's seconds, and the sliding windows that they make. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from features.highlights import z_score
from livestreamx.events import MOODS

MOOD_SLOTS = len(MOODS)
CHATS, TOKENS, ACTS = MOOD_SLOTS, MOOD_SLOTS + 1, MOOD_SLOTS + 2
SLOTS = MOOD_SLOTS + 3
"""A second's sums: reactions by mood in the order of `MOODS`, accepted messages, tokens given, acts of any kind."""
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
    row = [0] * SLOTS
    dense = np.array([seconds.get(second, row) for second in range(first, last + 1)], np.int64)
    nothing = np.zeros((length, SLOTS), np.int64)
    sums = np.cumsum(np.concatenate([nothing, dense, nothing[1:]]), axis=0)
    made = sums[length:] - sums[:-length]
    for start in np.flatnonzero(made[:, ACTS]).tolist():
        yield first - length + 1 + start, made[start].tolist()
