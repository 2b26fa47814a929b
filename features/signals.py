"""What speaks for each live stream, to one viewer at one instant: the only definition of the ranker's inputs.

Training, the evaluation of a log and serving all call `describe`, so a number means the same everywhere.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import affinity, trend
from features.affinity import Bonds
from features.decay import DAY, HOUR
from features.trend import Trends

Floats = NDArray[np.float64]
Rows = NDArray[np.float32]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int32]

VIEWER = ("experience", "variety", "idle", "hour")
BOND = (
    *("visits", "share", "day", "week", "month", "activation", "minutes", "tokens"),
    *("gap", "away", "near", "phase", "tempo", "watching", "followed", "returned", "place"),
)
CHANNEL = (
    *("rush", "hours", "today", "arrivals_week", "trend", "audience", "scheduled", "quiet", "age", "known_for"),
    *("present", "watched", "given"),
)
LIKING = ("ease", "cowatch", "alike", "sequel", "text")
"""What the learned models say; see `ranking/taste.py`."""
EASE, COWATCH = LIKING.index("ease"), LIKING.index("cowatch")
PLACES = ("ease_place", "cowatch_place", "familiar_place")
CONTRAST = (
    *("visits_share", "habit_share", "near_share", "habit_lead", "near_lead", "ease_lead", "cowatch_lead"),
    *("recency_place", "loyalty", "known_live"),
)
"""How a stream stands against all else that is live: what is chosen is chosen from what is there."""
SIGNALS = VIEWER + BOND + CHANNEL + LIKING + PLACES + CONTRAST
FURTHEST = 50
"""Places in the viewer's order beyond this are all the same."""
STANDARDISED = 3
"""The first so many likings count by how they stand out among all that is live."""
FREQUENT, PRESENT_HABIT = 0.15, 0.02
"""How much habits by frequency and by recency add to EASE."""
NEVER = -1.0


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One viewer at the instant `at` before all that is live, one row a live stream.

    `bond` is the row of its creator among the viewer's `bonds` (-1: none), `age` how long the stream has been live (s),
    `liking` what the models say, shape [n, len(LIKING)].
    """

    at: float
    bonds: Bonds
    bond: Ints
    followed: Flags
    trends: Trends
    age: Floats
    liking: Floats

    def __len__(self) -> int:
        return len(self.bond)

    @property
    def activation(self) -> Floats:
        """How present each live channel is in the viewer's habits."""
        return self.of_bonds(self.bonds.activation)

    @property
    def familiar(self) -> Floats:
        """EASE plus habits by frequency and recency."""
        bonds, told = self.bonds, self.liking[:, EASE].copy()
        habit = FREQUENT * np.log1p(bonds.sums[:, affinity.VISITS]) + PRESENT_HABIT * bonds.activation
        told[self.known] += habit[self.bond[self.known]]
        return told

    @property
    def known(self) -> Ints:
        """The rows of the channels that the viewer has a bond with."""
        return np.flatnonzero(self.bond >= 0).astype(np.int32)

    def of_bonds(self, values: Floats, rows: Ints | slice = slice(None)) -> Floats:
        """One value a bond as one value for each of these live streams, 0 where there is no bond."""
        return np.asarray(np.append(values, 0.0)[self.bond[rows]], np.float64)


def describe(scene: Scene, rows: Ints) -> Rows:
    """The signals of these live streams, shape [len(rows), len(SIGNALS)]."""
    parts = (
        np.broadcast_to(_viewer(scene), (len(rows), len(VIEWER))),
        _bonds(scene, rows),
        _channels(scene, rows),
        _likings(scene, rows),
        np.column_stack([place(each)[rows] for each in (*scene.liking[:, [EASE, COWATCH]].T, scene.familiar)]),
        _contrast(scene, rows),
    )
    return np.hstack(parts).astype(np.float32)


def place(scores: Floats) -> Floats:
    """The place of each score from the top, 0 first, `FURTHEST` for all that come later or score nothing."""
    places = np.full(len(scores), float(FURTHEST))
    best = highest(scores, FURTHEST)
    places[best[np.argsort(-scores[best], kind="stable")]] = np.arange(len(best))
    return places


def highest(scores: Floats, count: int, among: Flags | None = None) -> NDArray[np.intp]:
    """Up to `count` positions of the highest scores above 0 (among these), in no order; quick where most are 0."""
    found = np.flatnonzero(scores > 0 if among is None else (scores > 0) & among)
    return found if len(found) <= count else found[np.argpartition(-scores[found], count)[:count]]


def share(values: Floats, among: Floats) -> Floats:
    """Each value as a share of the sum of all that there are, 0 where that is nothing."""
    return np.asarray(values / (among.sum() + 1e-9), np.float64)


def lead(values: Floats, among: Floats) -> Floats:
    """How far each value is above the best of the others among all that there are; a single one is its own lead."""
    if len(among) < 2:
        return values
    best = int(among.argmax())
    first, second = among[best], max(among[:best].max(initial=-np.inf), among[best + 1 :].max(initial=-np.inf))
    return np.asarray(np.where(values >= first, values - second, values - first), np.float64)


def _viewer(scene: Scene) -> Floats:
    visits = scene.bonds.sums[:, affinity.VISITS]
    total = float(visits.sum())
    latest = max(float(scene.bonds.last.max(initial=0.0)), float(scene.bonds.left.max(initial=0.0)))
    idle = (scene.at - latest) / HOUR if total else NEVER
    return np.array([total, len(visits) / max(total, 1.0), idle, scene.at % DAY / HOUR])


def _bonds(scene: Scene, rows: Ints) -> Floats:
    bonds, at = scene.bonds, scene.at
    visits = bonds.sums[:, affinity.VISITS]
    came = visits > 0
    gap = (at - bonds.last) / HOUR
    usual = (bonds.last - bonds.first) / HOUR / np.maximum(visits - 1, 1)
    told = np.column_stack(
        [
            visits,
            visits / max(float(visits.sum()), 1.0),
            bonds.sums[:, affinity.IN_A_DAY],
            bonds.sums[:, affinity.IN_A_WEEK],
            bonds.sums[:, affinity.IN_A_MONTH],
            bonds.activation,
            bonds.sums[:, affinity.MINUTES],
            bonds.sums[:, affinity.TOKENS],
            np.where(came, gap, NEVER),
            np.where(came, (at - np.maximum(bonds.last, bonds.left)) / HOUR, NEVER),
            bonds.near,
            np.where(came, np.abs((gap + 12) % 24 - 12), NEVER),
            np.where(visits > 1, gap / (usual + 0.5), NEVER),
            bonds.sums[:, affinity.PRESENT],
        ]
    )
    none = np.zeros((1, told.shape[1]))
    none[0, [8, 9, 11, 12]] = NEVER
    spread = np.vstack([told, none])[scene.bond[rows]]
    returned = (scene.of_bonds(bonds.last, rows) >= at - scene.age[rows]) & (spread[:, 0] > 0)
    return np.column_stack([spread, scene.followed[rows], returned, _place_among_known(scene)[rows]])


def _place_among_known(scene: Scene) -> Floats:
    """The place of each live stream by how present it is in the viewer's habits; `FURTHEST` for what is not."""
    places, known = np.full(len(scene), float(FURTHEST)), scene.known
    places[known] = place(scene.of_bonds(scene.bonds.activation, known))
    return places


def _channels(scene: Scene, rows: Ints) -> Floats:
    trends, at = scene.trends.only(rows), scene.at
    sums = trends.sums
    known = sums[:, trend.ARRIVALS] > 0
    return np.column_stack(
        [
            sums[:, trend.RUSH],
            sums[:, trend.HOURS],
            sums[:, trend.TODAY],
            sums[:, trend.WEEK],
            sums[:, trend.HOURS] / (sums[:, trend.TODAY] + 0.5),
            sums[:, trend.AUDIENCE],
            trends.scheduled,
            np.where(known, (at - trends.last) / HOUR, NEVER),
            scene.age[rows] / HOUR,
            np.where(known, (at - trends.first) / HOUR, NEVER),
            sums[:, trend.PRESENT],
            sums[:, trend.MINUTES],
            sums[:, trend.TOKENS],
        ]
    )


def _contrast(scene: Scene, rows: Ints) -> Floats:
    bonds, sums = scene.bonds, scene.trends.sums
    recency = np.minimum(len(bonds) - np.searchsorted(np.sort(bonds.last), bonds.last, "right"), FURTHEST)
    held = (bonds.sums[:, affinity.VISITS], bonds.activation, bonds.near)
    visits, habit, near = (scene.of_bonds(each, rows) for each in held)
    known = scene.known
    unknown = np.zeros(min(2, len(scene) - len(known)))  # of streams without a bond all are equal: two stand for them
    all_visits, all_habit, all_near = (np.append(scene.of_bonds(each, known), unknown) for each in held)
    told = [
        share(visits, all_visits),
        share(habit, all_habit),
        share(near, all_near),
        lead(habit, all_habit),
        lead(near, all_near),
        *(lead(scene.liking[rows, number], scene.liking[:, number]) for number in (EASE, COWATCH)),
        np.append(recency, FURTHEST)[scene.bond[rows]],
        sums[rows, trend.ARRIVALS] / (sums[rows, trend.AUDIENCE] + 1),
        np.full(len(rows), np.count_nonzero(all_visits)),
    ]
    return np.column_stack(told)


def _likings(scene: Scene, rows: Ints) -> Floats:
    """How far each liking stands out among all that is live; the rest as they are."""
    liking = scene.liking[rows]
    if len(liking):
        for number in range(STANDARDISED):
            every = scene.liking[:, number]
            mean = every.mean()
            spread = np.sqrt(max(np.dot(every, every) / len(every) - mean * mean, 0.0))
            liking[:, number] = (liking[:, number] - mean) / (spread + 1e-9)
    return liking
