"""The panels of a creator's dashboard: their names, their definitions, and the span of time they are asked for."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

PanelName = Literal["viewers", "chat", "gifts", "mood", "retention", "engagement"]
PANEL_NAMES: tuple[PanelName, ...] = get_args(PanelName)
Grain = Literal["10s", "1m", "1h", "1d"]
GRAIN_SECONDS: dict[Grain, int] = {"10s": 10, "1m": 60, "1h": 3600, "1d": 86_400}
ExportFormat = Literal["csv", "json", "parquet"]

MOST_POINTS = 20_000
SESSION_GAP_SECONDS = 45
SAMPLE_SECONDS = 10
UNIQUE_SECONDS = 10
ENGAGED_SECONDS = 300

DEFINITIONS: dict[PanelName, str] = {
    "viewers": (
        "A session is a viewer's heartbeats until 45 s of silence and ends with the last of them; a viewer on several "
        "devices counts once, the creator never. Minutes watched: the sum of session minutes within the time shown. "
        "Average concurrent viewers (acv): minutes watched divided by the minutes the stream was live. Peak: most open "
        "sessions at samples every 10 s. Unique: viewers of at least 10 s; engaged: signed-in viewers of at least "
        "5 min; anonymous viewers are told apart by cookie. Average watch: watch time divided by unique viewers."
    ),
    "chat": "Accepted messages, and the distinct people who sent them.",
    "gifts": "Tokens of gifts charged, paid and bonus tokens apart, each gift counted once whatever its combo.",
    "mood": (
        "Seconds in each mood, decided every 5 s from the reactions and emotes of the last 30 s; neutral is the rest "
        "of the time live. Shares are averages over the time shown."
    ),
    "retention": (
        "Share of viewers still watching k minutes after they joined; viewers whose stream ended first, or who are "
        "still there, leave the denominator then (Kaplan-Meier)."
    ),
    "engagement": (
        "Messages, reactions and gifts; engaged are distinct people with at least one of them, the rate is engaged "
        "divided by unique viewers of at least 10 s."
    ),
}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a stream that is asked for: `since <= t < until`, in steps of `grain`.

    `live_seconds` is how long the stream was live within it; `over` when it ended, if it has.
    """

    stream_id: UUID
    creator_id: UUID
    since: datetime
    until: datetime
    grain: Grain
    live_seconds: float
    over: datetime | None = None

    @property
    def step_ms(self) -> int:
        return GRAIN_SECONDS[self.grain] * 1000

    def parameters(self) -> dict[str, Any]:
        """The span as ClickHouse parameters; times in ms since the epoch, `first` and `last` on whole steps."""
        since, until, over = (int(at.timestamp() * 1000) for at in (self.since, self.until, self.over or self.until))
        return {
            "stream": str(self.stream_id),
            "creator": str(self.creator_id),
            "nobody": str(UUID(int=0)),
            "since": since,
            "until": until,
            "step": self.step_ms,
            "first": since // self.step_ms * self.step_ms,
            "last": -(-until // self.step_ms) * self.step_ms,
            "gap": SESSION_GAP_SECONDS * 1000,
            "sample": SAMPLE_SECONDS * 1000,
            "unique": UNIQUE_SECONDS * 1000,
            "engaged": ENGAGED_SECONDS * 1000,
            "over": min(over, until),
        }


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel: what its numbers mean, the numbers, and their course."""

    definition: str
    totals: dict[str, Any]
    series: list[dict[str, Any]]
