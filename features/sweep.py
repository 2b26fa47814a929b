"""Moves through a history in time and knows, at each instant, only what was known strictly before it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.affinity import Bonds, BondTable
from features.history import History
from features.trend import Trends, TrendTable

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class Sweep:
    """The bonds of every viewer and the trend of every channel, as of the instant it was advanced to."""

    def __init__(self, history: History) -> None:
        self._history = history
        watches, gifts = history.watches, history.gifts
        channels = max(len(history.creators), 1)
        self._watched = history.watched_creator
        pair = np.concatenate(
            [
                watches.user.astype(np.int64) * channels + self._watched,
                gifts.user.astype(np.int64) * channels + gifts.creator,
            ]
        )
        known, rows = np.unique(pair, return_inverse=True)
        self._watch_pair, self._gift_pair = np.split(rows.astype(np.int32), [len(watches)])
        self.pair_user = (known // channels).astype(np.int32)
        self.pair_creator = (known % channels).astype(np.int32)
        self._first_pair = np.searchsorted(self.pair_user, np.arange(len(history.users) + 1))
        self._new = np.zeros(len(watches), np.bool_)
        self._new[np.unique(self._watch_pair, return_index=True)[1]] = True
        over = watches.stop + history.settling
        self._leaving = np.argsort(over, kind="stable")
        self._over = over[self._leaving]
        self._arrived = self._left = self._given = self._followed = 0
        self.bonds = BondTable(len(known))
        self.trends = TrendTable(len(history.creators))
        self.follows: list[set[int]] = [set() for _ in history.users]

    def advance(self, at: float) -> None:
        """Take in everything that was known before `at`; instants must not go back."""
        self._arrivals(at)
        self._departures(at)
        self._gifts(at)
        self._follows(at)

    def of_viewer(self, user: int, at: float) -> tuple[Ints, Bonds]:
        """The creators that this viewer has a bond with, and the bonds as of `at`."""
        mine = np.arange(self._first_pair[user], self._first_pair[user + 1], dtype=np.int32)
        touched = mine[self.bonds.fading.at[mine] > 0]
        return self.pair_creator[touched], self.bonds.seen_at(touched, at)

    def touched(self) -> Ints:
        """The rows of `bonds` that anything has happened to."""
        return np.flatnonzero(self.bonds.fading.at > 0).astype(np.int32)

    def stored_bonds(self) -> Iterator[tuple[str, list[str], Floats]]:
        """Each viewer who has any: their id, the creators' ids, and the bonds as they are stored."""
        users, creators = self._history.users, self._history.creators
        rows = self.touched()
        starts = np.flatnonzero(np.diff(self.pair_user[rows], prepend=-1))
        for mine in np.split(rows, starts[1:]) if len(rows) else []:
            ids = [creators[creator] for creator in self.pair_creator[mine].tolist()]
            yield users[self.pair_user[mine[0]]], ids, self.bonds.stored(mine)

    def stored_trends(self) -> tuple[list[str], Floats]:
        """The creators' ids and their trends as they are stored."""
        return self._history.creators, self.trends.stored(slice(None))

    def of_channels(self, rows: Ints, at: float) -> Trends:
        """The trends of these channels as of `at`."""
        return self.trends.seen_at(rows, at)

    def _arrivals(self, at: float) -> None:
        start = self._history.watches.start
        upto = int(np.searchsorted(start, at, "left"))
        if upto > self._arrived:
            now = slice(self._arrived, upto)
            self.bonds.arrive(self._watch_pair[now], start[now])
            self.trends.arrive(self._watched[now], start[now], self._new[now])
            self._arrived = upto

    def _departures(self, at: float) -> None:
        upto = int(np.searchsorted(self._over, at, "left"))
        if upto > self._left:
            rows, known = self._leaving[self._left : upto], self._over[self._left : upto]
            watches = self._history.watches
            self.bonds.leave(self._watch_pair[rows], known, watches.stop[rows], watches.minutes[rows])
            self.trends.leave(self._watched[rows], known, watches.minutes[rows])
            self._left = upto

    def _gifts(self, at: float) -> None:
        gifts = self._history.gifts
        upto = int(np.searchsorted(gifts.at, at, "left"))
        if upto > self._given:
            now = slice(self._given, upto)
            self.bonds.give(self._gift_pair[now], gifts.at[now], gifts.tokens[now])
            self.trends.give(gifts.creator[now], gifts.at[now], gifts.tokens[now])
            self._given = upto

    def _follows(self, at: float) -> None:
        follows = self._history.follows
        upto = int(np.searchsorted(follows.at, at, "left"))
        for row in range(self._followed, upto):
            mine = self.follows[follows.user[row]]
            (mine.add if follows.added[row] else mine.discard)(int(follows.creator[row]))
        self._followed = max(self._followed, upto)
