"""What was on offer: the streams that were live at an instant, or the channels that others are seen to watch.

A log of visits says nothing of streams nobody watched; there a channel counts as live while somebody else's visit is
near (Rappaz, McAuley and Aberer, "Recommendation on Live-Streaming Platforms", RecSys 2021).
"""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.history import History

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

RUN_GAP = 2 * 3600.0
"""A channel that nobody has come to for so long has stopped; who comes next finds a new stream."""


class Offer(msgspec.Struct, frozen=True):
    """What is live, one row each: rows of `History.streams`, their creators, and how long they have been live (s)."""

    streams: Ints
    creators: Ints
    age: Floats


class Offers(Protocol):
    """What a viewer could choose from; the instants asked for must not go back."""

    def at(self, at: float, user: int) -> Offer: ...


class Schedule:
    """The streams of a history whose beginnings and ends are known."""

    def __init__(self, history: History) -> None:
        self._streams = history.streams

    def at(self, at: float, user: int) -> Offer:  # noqa: ARG002
        """What is live at the instant `at`, the same for every viewer."""
        live = self._streams.live_at(at)
        return Offer(live, self._streams.creator[live], at - self._streams.start[live])


class Evidence:
    """Channels that a visit of another viewer comes within `window` seconds of; there is one stream a channel."""

    def __init__(self, history: History, window: float) -> None:
        watches, channels = history.watches, history.watched_creator
        self._user, self._channel, self._start = watches.user, channels, watches.start
        self._opening = np.argsort(watches.start - window, kind="stable")
        self._closing = np.argsort(watches.stop + window, kind="stable")
        self._open_at = (watches.start - window)[self._opening]
        self._close_at = (watches.stop + window)[self._closing]
        self._opened = self._closed = self._came = 0
        self._seen = np.zeros(len(history.creators), np.int32)
        self._own: list[dict[int, int]] = [{} for _ in history.users]
        self._run = _runs(channels, watches.start)
        self._began, self._last = np.zeros(len(history.creators)), np.full(len(history.creators), -np.inf)

    def at(self, at: float, user: int) -> Offer:
        """What others show to be live at the instant `at`; the age is what visits begun before it tell."""
        self._advance(at)
        live = np.flatnonzero(self._seen > 0)
        own = self._own[user]
        if own:
            alone = [channel for channel, count in own.items() if self._seen[channel] == count]
            live = np.setdiff1d(live, alone, assume_unique=True)
        channels = live.astype(np.int32)
        running = self._last[channels] > at - RUN_GAP
        return Offer(channels, channels, np.where(running, at - self._began[channels], 0.0))

    def _advance(self, at: float) -> None:
        opened = int(np.searchsorted(self._open_at, at, "right"))
        self._count(self._opening[self._opened : opened], 1)
        closed = int(np.searchsorted(self._close_at, at, "left"))
        self._count(self._closing[self._closed : closed], -1)
        came = int(np.searchsorted(self._start, at, "left"))
        now = slice(self._came, came)
        self._began[self._channel[now]] = self._run[now]
        self._last[self._channel[now]] = self._start[now]
        self._opened, self._closed, self._came = opened, closed, came

    def _count(self, visits: NDArray[np.intp], by: int) -> None:
        np.add.at(self._seen, self._channel[visits], by)
        for user, channel in zip(self._user[visits].tolist(), self._channel[visits].tolist(), strict=True):
            own = self._own[user]
            own[channel] = own.get(channel, 0) + by
            if not own[channel]:
                del own[channel]


def _runs(channels: Ints, start: Floats) -> Floats:
    """For each visit, in order of time, when the run of visits to its channel that it belongs to began."""
    order = np.lexsort((start, channels))
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (np.diff(channels[order]) != 0) | (np.diff(start[order]) > RUN_GAP)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    runs = np.empty(len(order))
    runs[order] = start[order][first]
    return runs
