"""One partition a day (UTC): a run of a day knows the history up to that day's end, or up to now on the day itself."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from livestreamx.clock import now

FIRST_DAY = "2025-01-01"

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)


def today() -> str:
    """The partition of this moment."""
    return f"{now():%Y-%m-%d}"


def end_of(day: str) -> float:
    """The instant up to which a run of this day may know anything, seconds since the epoch."""
    midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    return min(midnight, now()).timestamp()
