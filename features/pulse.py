"""Pulse: sums of a stream's seconds, and the sliding windows that they make. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from livestreamx.events import MOODS

MOOD_SLOTS = len(MOODS)
CHATS, TOKENS, ACTS = MOOD_SLOTS, MOOD_SLOTS + 1, MOOD_SLOTS + 2
SLOTS = MOOD_SLOTS + 3
"""A second's sums: reactions by mood in the order of `MOODS`, accepted messages, tokens given, acts of any kind."""
WINDOW_SECONDS = 10


def windows(seconds: Mapping[int, Sequence[int]], length: int = WINDOW_SECONDS) -> Iterator[tuple[int, list[int]]]:
    """Every window of `length` seconds that holds an act, by its first second, one a second."""
    sums, due = [0] * SLOTS, 0
    starts = sorted({second - age for second in seconds for age in range(length)})
    for start in starts:
        if start != due:
            sums = [0] * SLOTS
            for second in range(start, start + length - 1):
                sums = _plus(sums, seconds.get(second))
        sums = _plus(sums, seconds.get(start + length - 1))
        yield start, sums
        gone = seconds.get(start)
        sums = [one - other for one, other in zip(sums, gone, strict=True)] if gone else sums
        due = start + 1


def _plus(sums: list[int], more: Sequence[int] | None) -> list[int]:
    return [one + other for one, other in zip(sums, more, strict=True)] if more else sums
