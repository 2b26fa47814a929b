"""The live channels as they stand for everybody, one row each: the ranker's inputs that do not depend on who looks.

Whoever asks for many viewers at one instant works them out once.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import trend
from features.decay import HOUR
from features.trend import Trends

Floats = NDArray[np.float64]
Rows = NDArray[np.float32]

CHANNEL = (
    *("rush", "hours", "today", "arrivals_week", "trend", "audience", "scheduled", "quiet", "age", "known_for"),
    *("present", "watched", "given"),
)
UNKNOWN = -1.0


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """Their trends, for how long each stream has been live, `age` (s), and their signals.

    `signals` are those of `CHANNEL` and then their viewers' loyalty, shape [n, len(CHANNEL) + 1].
    """

    trends: Trends
    age: Floats
    signals: Rows

    @classmethod
    def of(cls, trends: Trends, age: Floats) -> "Channels":
        """These channels, each with a stream that has been live for so long."""
        sums = trends.sums.T
        came = sums[trend.ARRIVALS] > 0
        told = (
            sums[trend.RUSH],
            sums[trend.HOURS],
            sums[trend.TODAY],
            sums[trend.WEEK],
            sums[trend.HOURS] / (sums[trend.TODAY] + 0.5),
            sums[trend.AUDIENCE],
            trends.scheduled,
            np.where(came, (trends.at - trends.last) / HOUR, UNKNOWN),
            age / HOUR,
            np.where(came, (trends.at - trends.first) / HOUR, UNKNOWN),
            sums[trend.PRESENT],
            sums[trend.MINUTES],
            sums[trend.TOKENS],
            sums[trend.ARRIVALS] / (sums[trend.AUDIENCE] + 1),
        )
        signals = np.empty((len(age), len(told)), np.float32)
        for column, values in enumerate(told):
            signals[:, column] = values
        return cls(trends=trends, age=age, signals=signals)
