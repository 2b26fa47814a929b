"""Leaderboards: one number holds a score and who reached it first, so that Redis sorts by both; weeks and seasons.

score * 2^23 + (2^23 - 1 - time) is exact in a double up to score 2^30; the published score * 10^10 breaks at 900,719.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID

import msgspec

Board = Literal["gifts", "xp", "engagement", "creators"]
Scope = Literal["global", "weekly", "season", "stream"]

ENGAGEMENT = {"message": 1, "reaction": 1, "gift": 1, "vote": 1, "question": 1, "upvote": 1}
"""What an act counts on engagement boards: each the same, so that gifts buy no place and nobody needs to talk.

A message counts once it is accepted, a vote once a poll, an upvote once a question, a gift until it is taken back.
"""
SPAN = 2**23
HIGHEST = 2**30 - 1
FIRST_SEASON = datetime(2024, 1, 1, tzinfo=UTC)
"""A Monday; also where the minutes of all-time boards start, which are good for 15.9 years."""
SEASON_DAYS = 91
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GLOBAL_REF = "all"
DAY_SECONDS = 86_400
STREAM_KEPT_SECONDS = 90 * DAY_SECONDS


class Season(msgspec.Struct, frozen=True):
    """91 days from a Monday 00:00 UTC; `ref` names it in keys."""

    ref: str
    start: datetime
    end: datetime


class Standing(msgspec.Struct, frozen=True):
    """One board that an act counts on: `tie` is when it happened in the board's unit, `keep` how long it stays (s)."""

    scope: Scope
    ref: str
    tie: int
    keep: int


def compose(score: int, tie: int) -> int:
    """Score and time in one number that is exact in a double; the earlier of equals is the larger."""
    return min(max(score, 0), HIGHEST) * SPAN + SPAN - 1 - min(max(tie, 0), SPAN - 1)


def decompose(composite: float) -> tuple[int, int]:
    """Score and time again."""
    score, rest = divmod(int(composite), SPAN)
    return score, SPAN - 1 - rest


def season_of(at: datetime) -> Season:
    """The season that a moment belongs to."""
    number = (at - FIRST_SEASON) // timedelta(days=SEASON_DAYS)
    start = FIRST_SEASON + number * timedelta(days=SEASON_DAYS)
    return Season(f"s{number + 1}", start, start + timedelta(days=SEASON_DAYS))


def week_of(at: datetime) -> tuple[str, datetime]:
    """The ISO week (UTC) that a moment belongs to, such as `2026-w47`, and its Monday."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    monday = datetime.combine(date.fromisocalendar(year, week, 1), datetime.min.time(), UTC)
    return f"{year}-w{week:02}", monday


def tie_of(units: float) -> int:
    """Whole units of time, within what a tie-break holds."""
    return min(max(int(units), 0), SPAN - 1)


def stream_began(stream_id: UUID) -> float:
    """When a stream's id was made (s; ids are UUIDv7); ids of other kinds count from the first season."""
    return (stream_id.int >> 80) / 1000 if stream_id.version == 7 else FIRST_SEASON.timestamp()


@lru_cache(maxsize=64)
def calendar(day: int) -> tuple[str, float, str, float]:
    """The week and season of a day (days since the epoch), each with its start (seconds since the epoch)."""
    at = EPOCH + timedelta(days=day)
    season, (week, monday) = season_of(at), week_of(at)
    return week, monday.timestamp(), season.ref, season.start.timestamp()


def stream_standing(at: datetime, stream_id: UUID) -> Standing:
    """A stream's own board."""
    return Standing("stream", str(stream_id), tie_of(at.timestamp() - stream_began(stream_id)), STREAM_KEPT_SECONDS)


def standings(at: datetime, stream_id: UUID | None = None) -> tuple[Standing, ...]:
    """The boards that an act at this moment counts on: all-time, week, season and, if there is one, the stream's."""
    moment = at.timestamp()
    week, monday, season, season_start = calendar(int(moment // DAY_SECONDS))
    wide = (
        Standing("global", GLOBAL_REF, tie_of((moment - FIRST_SEASON.timestamp()) / 60), 0),
        Standing("weekly", week, tie_of(moment - monday), 60 * DAY_SECONDS),
        Standing("season", season, tie_of(moment - season_start), 400 * DAY_SECONDS),
    )
    return wide if stream_id is None else (*wide, stream_standing(at, stream_id))


def current_ref(scope: Scope, at: datetime) -> str | None:
    """The running board of a scope; None for streams, which must be named."""
    return next((standing.ref for standing in standings(at) if standing.scope == scope), None)
