"""A creator's dashboard: the names of its panels, and the span of time they are asked for."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from features.visits import SESSION_GAP_MS
from livestreamx.clock import now

PanelName = Literal[
    "viewers",
    "chat",
    "gifts",
    "mood",
    "retention",
    "engagement",
    "density",
    "velocity",
    "funnel",
    "supporters",
    "returning",
    "followers",
    "polls",
    "highlights",
    "segments",
]
PANEL_NAMES: tuple[PanelName, ...] = get_args(PanelName)
Grain = Literal["10s", "1m", "1h", "1d"]
GRAIN_SECONDS: dict[Grain, int] = {"10s": 10, "1m": 60, "1h": 3600, "1d": 86_400}
ExportFormat = Literal["csv", "json", "parquet"]

MOST_POINTS = 20_000
UNIQUE_SECONDS = 10
ENGAGED_SECONDS = 300
LEVELS = (86_400, 3600, 60)
"""The grains that cells are kept in (s), widest first."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A stream within a span, and when it was live; `over` is None while it is."""

    id: UUID
    began: datetime
    over: datetime | None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: `since <= t < until` of these streams of one creator, in steps of `grain`.

    Both ends lie on whole minutes, with a grain of ten seconds on whole ten seconds.
    """

    creator_id: UUID
    streams: tuple[Shown, ...]
    since: datetime
    until: datetime
    grain: Grain

    @property
    def step(self) -> int:
        """Seconds of a step."""
        return GRAIN_SECONDS[self.grain]

    @property
    def level(self) -> int:
        """The widest cells (s) that make up whole steps and the whole span."""
        edges = (self.step, int(self.since.timestamp()), int(self.until.timestamp()))
        return next((level for level in LEVELS if not any(edge % level for edge in edges)), LEVELS[-1])

    @property
    def live_seconds(self) -> float:
        """How long the streams were live within the span, up to now: a span of whole days may end later."""
        lives = (min(self.until, one.over or now()) - max(self.since, one.began) for one in self.streams)
        return sum(max(0.0, life.total_seconds()) for life in lives)

    def parameters(self, of: Literal["streams", "creator", "both"]) -> dict[str, Any]:
        """The span as ClickHouse parameters; times in ms since the epoch, `first` and `last` on whole steps."""
        since, until = (int(at.timestamp() * 1000) for at in (self.since, self.until))
        step = self.step * 1000
        streams, creator = [str(one.id) for one in self.streams], [str(self.creator_id)]
        return {
            "streams": streams,
            "ends": [min(until, int((one.over or self.until).timestamp() * 1000)) for one in self.streams],
            "about": {"streams": streams, "creator": creator, "both": streams + creator}[of],
            "creator": str(self.creator_id),
            "since": since,
            "until": until,
            "step": step,
            "level": self.level,
            "first": since // step * step,
            "last": -(-until // step) * step,
            "gap": SESSION_GAP_MS,
            "unique": UNIQUE_SECONDS * 1000,
            "engaged": ENGAGED_SECONDS * 1000,
        }


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel: what its numbers mean, the numbers, and their course."""

    definition: str
    totals: dict[str, Any]
    series: list[dict[str, Any]]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Ten seconds of a stream that stood out; see features/highlights.py for the score."""

    id: UUID
    at: datetime
    score: float
    messages: int
    reactions: int
    tokens: int
