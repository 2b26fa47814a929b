"""A log of visits made elsewhere as a history like our own, and what was on offer in it."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.decay import DAY
from features.history import Follows, Gifts, History, Streams, Watches
from ranking.log import Visits
from ranking.offers import Evidence, Offers, Schedule

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Intervals = tuple[Ints, Floats, Floats]


def history_of(visits: Visits, live: Intervals | None = None) -> History:
    """The visits as a history; its streams are the intervals that items were live, or one a channel without them.

    A visit outside every interval of its item belongs to a stream that never was on offer. Times before nought are
    moved by whole days: there 0 stands for never.
    """
    if (earliest := float(visits.start.min())) < 0:
        later = np.ceil(-earliest / DAY) * DAY
        visits = msgspec.structs.replace(visits, start=visits.start + later, stop=visits.stop + later)
        live = (live[0], live[1] + later, live[2] + later) if live else None
    streams, stream = _streams(visits, live) if live else (_always(len(visits.items)), visits.item)
    nobody, never = np.zeros(0, np.int32), np.zeros(0)
    return History(
        until=float(visits.stop.max()),
        users=visits.users,
        creators=visits.items,
        handles=visits.items,
        streams=streams,
        watches=Watches(
            user=visits.user,
            stream=stream,
            start=visits.start,
            stop=visits.stop,
            minutes=(visits.stop - visits.start) / 60,
        ),
        gifts=Gifts(user=nobody, creator=nobody, at=never, tokens=never),
        follows=Follows(user=nobody, creator=nobody, at=never, added=np.zeros(0, np.bool_)),
    )


def offers_of(history: History, live: Intervals | None, window_seconds: float) -> Callable[[], Offers]:
    """What was on offer: the known intervals, else what other viewers' visits within the window show."""
    return (lambda: Schedule(history)) if live else (lambda: Evidence(history, window_seconds))


def _always(items: int) -> Streams:
    return _rows(np.arange(items, dtype=np.int32), np.full(items, -np.inf), np.full(items, np.inf))


def _streams(visits: Visits, live: Intervals) -> tuple[Streams, Ints]:
    item, start, stop = (np.asarray(column) for column in live)
    distinct = np.unique(np.column_stack([item, start, stop]), axis=0)
    items = len(visits.items)
    channel = np.concatenate([distinct[:, 0].astype(np.int32), np.arange(items, dtype=np.int32)])
    starts = np.concatenate([distinct[:, 1], np.full(items, np.inf)])
    stops = np.concatenate([distinct[:, 2], np.full(items, -np.inf)])
    order = np.lexsort((distinct[:, 1], distinct[:, 0]))
    keys = distinct[order, 0] * 2.0**40 + distinct[order, 1]
    at = np.searchsorted(keys, visits.item * 2.0**40 + visits.start, "right") - 1
    row = order[np.maximum(at, 0)] if len(order) else np.zeros(len(visits.item), np.intp)
    inside = (at >= 0) & (channel[row] == visits.item) & (stops[row] > visits.start)
    return _rows(channel, starts, stops), np.where(inside, row, len(distinct) + visits.item).astype(np.int32)


def _rows(channel: Ints, start: Floats, end: Floats) -> Streams:
    count = len(channel)
    return Streams(
        ids=[""] * count,
        creator=channel,
        start=start,
        end=end,
        title=[""] * count,
        category=[""] * count,
        tags=[()] * count,
    )
