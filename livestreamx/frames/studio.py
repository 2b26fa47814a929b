"""What only the dashboard of whoever runs a stream is told."""

from datetime import datetime

import msgspec


class AnalyticsTick(msgspec.Struct, frozen=True, kw_only=True):
    """Private, every five seconds on `/ws/studio`: totals so far, and the pace of the last ten seconds.

    `reactionZ` is how far the reactions stand out of the five minutes before, in standard deviations.
    """

    viewers: int
    messages: int
    giftTokens: int
    avgWatchMs: int | None
    messagesPerSecond: float
    reactionsPerSecond: float
    reactionZ: float
    tokensInWindow: int
    asOf: datetime
