"""Highlights: ten seconds in which far more happens than in the ten minutes before. Pure, so it can be replayed.

score = 0.4 z(messages) + 0.4 z(reactions) + 0.2 z(gift tokens), z against mean and deviation of the trailing window.
"""

from collections.abc import Sequence
from math import sqrt

import msgspec

BUCKET_MS = 10_000
TRAILING = 60
"""Buckets that a bucket is compared with: ten minutes."""
LEAST_TRAILING = 12
"""After two minutes of a stream there is something to compare with."""
LEAST_SCORE = 3.0
APART_MS = 60_000
WEIGHTS = (0.4, 0.4, 0.2)
LEAST_DEVIATION = (1.0, 1.0, 10.0)
"""In a quiet room one more message is no sensation; a deviation is at least so many messages, reactions and tokens."""


class Bucket(msgspec.Struct, frozen=True):
    """What happened in ten seconds."""

    messages: int = 0
    reactions: int = 0
    tokens: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        return (self.messages, self.reactions, self.tokens)


EMPTY = Bucket()


def z_score(value: float, before: Sequence[float], least: float) -> float:
    """How many standard deviations (population, at least `least`) a value lies above the mean of those before."""
    mean = sum(before) / len(before)
    deviation = sqrt(sum((one - mean) ** 2 for one in before) / len(before))
    return (value - mean) / max(deviation, least)


def score(bucket: Bucket, before: Sequence[Bucket]) -> float:
    """How much a bucket stands out of the trailing ones (oldest first or last, at most ten minutes); 0 without any."""
    if len(before) < LEAST_TRAILING:
        return 0.0
    columns = zip(*(one.counts for one in before), strict=True)
    parts = zip(WEIGHTS, bucket.counts, columns, LEAST_DEVIATION, strict=True)
    return round(sum(weight * z_score(value, column, least) for weight, value, column, least in parts), 6)


def stands_out(value: float, at_ms: int, last_ms: int | None) -> bool:
    """Whether a bucket is a highlight: high enough, and a minute after the last one began."""
    return value >= LEAST_SCORE and (last_ms is None or at_ms - last_ms >= APART_MS)
