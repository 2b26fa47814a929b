"""Results of the dataflows that others consume."""

from datetime import datetime
from typing import ClassVar

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class MoodChanged(Event, frozen=True, kw_only=True, tag="mood.state"):
    """The mood of a stream at the end of one hop, computed by the mood flow.

    `shares` sum to 1 (empty when nobody reacted); `intensity` is the dominant share, 0 to 1.
    """

    topic: ClassVar[Topic] = topics.SIGNALS
    mood: str
    intensity: float
    shares: dict[str, float]
    reactors: int
    since: datetime
    hop_end: datetime


class LevelReached(Event, frozen=True, kw_only=True, tag="level.reached"):
    """Somebody rose to this level with `xp` in all; an act that brings several levels tells each of them."""

    topic: ClassVar[Topic] = topics.SIGNALS
    level: int
    xp: int


class BadgeEarned(Event, frozen=True, kw_only=True, tag="badge.earned"):
    """Somebody earned a badge, which they have once."""

    topic: ClassVar[Topic] = topics.SIGNALS
    badge: str


class MomentDetected(Event, frozen=True, kw_only=True, tag="moment.detected"):
    """A moment worth sharing: much more went on in the ten seconds from `happened_at` than in the minutes before.

    `score` weighs how many standard deviations messages, reactions and gift tokens lay above their means.
    """

    topic: ClassVar[Topic] = topics.SIGNALS
    happened_at: datetime
    score: float
    messages: int
    reactions: int
    tokens: int
