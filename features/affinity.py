"""How close a viewer is to a creator: watch time and gifts that fade, and when they last came.

One definition for the training set and for the online values: a sum halves every `HALF_LIFE_DAYS`.
"""

import math
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.history import History

HALF_LIFE_DAYS = 14.0
HALF_LIFE_SECONDS = HALF_LIFE_DAYS * 86400
MINIMUM_MINUTES = 0.5
"""A shorter visit says nothing about taste."""


class Habit(msgspec.Struct, array_like=True):
    """A viewer's bond with one creator as of `at`: faded minutes watched, faded tokens given, the last visit's end.

    Times are seconds since the epoch; `last` is 0 where there was no visit.
    """

    minutes: float = 0.0
    tokens: float = 0.0
    last: float = 0.0
    at: float = 0.0

    def seen_at(self, at: float) -> "Habit":
        """The same bond at a later instant."""
        kept = fade(at - self.at)
        return Habit(self.minutes * kept, self.tokens * kept, self.last, at)

    def watched(self, minutes: float, stop: float) -> None:
        """Add a visit that ended at `stop`."""
        self._move(stop)
        self.minutes += minutes
        self.last = max(self.last, stop)

    def gave(self, tokens: float, at: float) -> None:
        """Add a gift."""
        self._move(at)
        self.tokens += tokens

    def _move(self, at: float) -> None:
        kept = fade(at - self.at) if self.at else 0.0
        self.minutes, self.tokens, self.at = self.minutes * kept, self.tokens * kept, at


def fade(seconds: float) -> float:
    """What is left of a sum after that long, 0 to 1."""
    return math.exp2(-max(seconds, 0.0) / HALF_LIFE_SECONDS)


def fade_all(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """`fade` over an array."""
    return np.exp2(-np.maximum(seconds, 0.0) / HALF_LIFE_SECONDS)


def habits_of_all(history: History) -> dict[int, dict[int, Habit]]:
    """user -> creator -> habit as of `history.until`."""
    sums: dict[tuple[int, int], Habit] = {}
    until = history.until
    watches = history.watches
    kept = fade_all(until - watches.stop)
    for user, creator, minutes, left, stop in zip(
        watches.user.tolist(),
        history.watched_creator.tolist(),
        watches.minutes.tolist(),
        kept.tolist(),
        watches.stop.tolist(),
        strict=True,
    ):
        if minutes >= MINIMUM_MINUTES:
            habit = sums.setdefault((user, creator), Habit(at=until))
            habit.minutes += minutes * left
            habit.last = max(habit.last, stop)
    gifts = history.gifts
    given = gifts.tokens * fade_all(until - gifts.at)
    for user, creator, tokens in zip(gifts.user.tolist(), gifts.creator.tolist(), given.tolist(), strict=True):
        sums.setdefault((user, creator), Habit(at=until)).tokens += tokens
    habits: dict[int, dict[int, Habit]] = {}
    for (user, creator), habit in sums.items():
        habits.setdefault(user, {})[creator] = habit
    return habits


def habits_by_id(history: History) -> Iterator[tuple[str, dict[str, Habit]]]:
    """The habits of each viewer, all by id, as the online store takes them."""
    for user, mine in habits_of_all(history).items():
        yield history.users[user], {history.creators[creator]: habit for creator, habit in mine.items()}


class Sweep:
    """Moves through a history in time and knows, at each instant, only what had happened strictly before it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.habits: list[dict[int, Habit]] = [{} for _ in history.users]
        self.follows: list[set[int]] = [set() for _ in history.users]
        self.viewers = np.zeros(len(history.streams.ids), np.int32)
        self.visits = np.zeros(len(history.creators), np.int32)
        self._steps = _timeline(history)
        self._next = 0

    def advance(self, at: float) -> None:
        """Take in everything that happened before `at`; instants must not go back."""
        steps = self._steps
        while self._next < len(steps) and steps[self._next][0] < at:
            moment, kind, row = steps[self._next]
            self._take(kind, row, moment)
            self._next += 1

    def _take(self, kind: int, row: int, moment: float) -> None:
        history = self._history
        if kind == FOLLOW:
            follows = history.follows
            mine = self.follows[follows.user[row]]
            (mine.add if follows.added[row] else mine.discard)(int(follows.creator[row]))
        elif kind == GIFT:
            gifts = history.gifts
            self._habit(int(gifts.user[row]), int(gifts.creator[row])).gave(float(gifts.tokens[row]), moment)
        else:
            watches = history.watches
            stream = watches.stream[row]
            if kind == ARRIVAL:
                self.viewers[stream] += 1
                return
            self.viewers[stream] -= 1
            creator = int(history.streams.creator[stream])
            self.visits[creator] += 1
            if watches.minutes[row] >= MINIMUM_MINUTES:
                self._habit(int(watches.user[row]), creator).watched(float(watches.minutes[row]), moment)

    def _habit(self, user: int, creator: int) -> Habit:
        return self.habits[user].setdefault(creator, Habit())


ARRIVAL, DEPARTURE, GIFT, FOLLOW = range(4)


def _timeline(history: History) -> list[tuple[float, int, int]]:
    """(instant, kind, row) of everything, in order."""
    columns = (
        (history.watches.start, ARRIVAL),
        (history.watches.stop, DEPARTURE),
        (history.gifts.at, GIFT),
        (history.follows.at, FOLLOW),
    )
    at = np.concatenate([column for column, _ in columns])
    kind = np.concatenate([np.full(len(column), kind) for column, kind in columns])
    row = np.concatenate([np.arange(len(column)) for column, _ in columns])
    order = np.lexsort((kind, at))
    return list(zip(at[order].tolist(), kind[order].tolist(), row[order].tolist(), strict=True))
