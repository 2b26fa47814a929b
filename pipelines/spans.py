"""Which time a result in Redis is about, read from its key: what a backfill may replace, and what it may not."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase

from features.leaderboards import FIRST_SEASON, SEASON_DAYS
from pipelines.history import Range

RESULTS: dict[str, tuple[str, ...]] = {
    "engagement": ("stream:*:metrics", "stream:*:minute:*", "stream:*:people"),
    "leaderboards": ("board:gifts:*", "board:engagement:*", "board:creators:*"),
    "progress": ("board:xp:*",),
}
"""The results of the flows that can be made again, by their keys."""


def belongs(flow: str, key: str) -> bool:
    """Whether a key holds results of this flow."""
    return any(fnmatchcase(key, pattern) for pattern in RESULTS[flow])


def span_of(key: str, shows: Mapping[str, Range]) -> Range | None:
    """The time that a result is about; None when it has no end, as all-time boards. `shows` are ended streams by id."""
    parts = key.replace("{", "").replace("}", "").split(":")
    match parts:
        case ["board", _, "weekly", ref, *_]:
            year, week = ref.split("-w")
            monday = datetime.combine(date.fromisocalendar(int(year), int(week), 1), time(), UTC)
            return Range(monday, monday + timedelta(days=7))
        case ["board", _, "season", ref, *_]:
            start = FIRST_SEASON + (int(ref.removeprefix("s")) - 1) * timedelta(days=SEASON_DAYS)
            return Range(start, start + timedelta(days=SEASON_DAYS))
        case ["stream", _, "minute", number]:
            start = datetime.fromtimestamp(int(number) * 60, UTC)
            return Range(start, start + timedelta(minutes=1))
        case ["board", _, "stream", stream, *_] | ["stream", stream, *_]:
            return shows.get(stream)
    return None
