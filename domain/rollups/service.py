"""Makes rollups anew from history: those that new events touch, or all of a span of time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from clickhouse_connect.driver.client import Client

from domain.rollups.model import MINUTE_MS, Source, Touched
from domain.rollups.queries import READ_AGAIN, WHO, statements

AT_ONCE = 500
"""Streams of one statement."""
SETTINGS = {"do_not_merge_across_partitions_select_final": 1}
SOURCES: tuple[Source, ...] = get_args(Source)


def refresh(clickhouse: Client, touched: Sequence[Touched]) -> None:
    """Make anew what was touched; running it twice, or in another order, leaves the same numbers."""
    for one in touched:
        span = whole_minutes(one.since, one.until)
        for first in range(0, len(one.about), AT_ONCE):
            about = {"about": [str(who) for who in one.about[first : first + AT_ONCE]]}
            for statement in statements(one.source):
                clickhouse.command(statement, parameters=span | about, settings=SETTINGS)


def whole_minutes(since: datetime, until: datetime) -> dict[str, Any]:
    """The span in ms since the epoch, widened to whole minutes."""
    first, last = (int(at.timestamp() * 1000) for at in (since, until))
    return {"since": first // MINUTE_MS * MINUTE_MS, "until": -(-last // MINUTE_MS) * MINUTE_MS}


def rebuild(clickhouse: Client, since: datetime, until: datetime) -> dict[Source, int]:
    """Make every rollup of a span anew, such as after a change of their definition; whose, by source."""
    found: dict[Source, int] = {}
    for source in SOURCES:
        rows = clickhouse.query(WHO[source], parameters=whole_minutes(since, until)).result_rows
        about = tuple(UUID(str(row[0])) for row in rows)
        refresh(clickhouse, [Touched(source, about, since, until)])
        found[source] = len(about)
    return found


def fill(clickhouse: Client, since: datetime, until: datetime) -> dict[Source, int]:
    """Make every rollup of history that is older than they are; whose, by source.

    The rows are written once more, for what follows from each insert by itself; of two alike one remains.
    """
    for statement in READ_AGAIN:
        clickhouse.command(statement, parameters=whole_minutes(since, until))
    return rebuild(clickhouse, since, until)
