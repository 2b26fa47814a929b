"""What speaks for each live stream, to one viewer at one instant: the only definition of the ranker's inputs.

Training, the evaluation of a log and serving all call `describe`, so a number means the same everywhere.
"""

from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import affinity, trend
from features.affinity import Bonds
from features.decay import DAY, HOUR
from features.likings import LIKING, Likings, Scored, stand_out, two_highest
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
PLACES = ("ease_place", "cowatch_place", "familiar_place")
CONTRAST = (
    *("visits_share", "habit_share", "near_share", "habit_lead", "near_lead", "ease_lead", "cowatch_lead"),
    *("recency_place", "loyalty", "known_live"),
)
"""How a stream stands against all else that is live: what is chosen is chosen from what is there."""
SIGNALS = VIEWER + BOND + CHANNEL + LIKING + PLACES + CONTRAST
FURTHEST = 50
"""Places in the viewer's order beyond this are all the same."""
FREQUENT, PRESENT_HABIT = 0.15, 0.02
"""How much habits by frequency and by recency add to EASE."""
NEVER, NOTHING = -1.0, np.zeros(1)


class Scene(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One viewer at the instant `at` before all that is live, one row a live stream.

    `bond` is the row of its creator among the viewer's `bonds` (-1: none), `age` how long the stream has been live (s),
    `liking` what the models say.
    """

    at: float
    bonds: Bonds
    bond: Ints
    followed: Flags
    trends: Trends
    age: Floats
    liking: Likings

    def __len__(self) -> int:
        return len(self.bond)

    @property
    def activation(self) -> Floats:
        """How present each live channel is in the viewer's habits."""
        return self.of_bonds(self.bonds.activation)

    @cached_property
    def familiar(self) -> Scored:
        """EASE plus habits by frequency and recency."""
        bonds, told = self.bonds, self.liking.ease.scores.copy()
        habit = FREQUENT * np.log1p(bonds.sums[:, affinity.VISITS]) + PRESENT_HABIT * bonds.activation
        told[self.known] += habit[self.bond[self.known]]
        return Scored(told)

    @cached_property
    def known(self) -> Ints:
        """The rows of the channels that the viewer has a bond with."""
        return np.flatnonzero(self.bond >= 0).astype(np.int32)

    def of_bonds(self, values: Floats, rows: Ints | slice = slice(None)) -> Floats:
        """One value a bond as one value for each of these live streams, 0 where there is no bond."""
        return np.asarray(np.concatenate((values, NOTHING))[self.bond[rows]], np.float64)


def describe(scene: Scene, rows: Ints) -> Rows:
    """The signals of these live streams, shape [len(rows), len(SIGNALS)]."""
    liking = scene.liking
    bonds, compared = _bonds(scene), [each.at(rows) for each in liking.compared]
    of_bond = bonds[:, scene.bond[rows]]
    told = (
        *_viewer(scene),
        *of_bond,
        scene.followed[rows],
        (scene.of_bonds(scene.bonds.last, rows) >= scene.at - scene.age[rows]) & (of_bond[0] > 0),
        _place_among_known(scene)[rows],
        *_channels(scene, rows),
        *(stand_out(each, scores) for each, scores in zip(liking.compared, compared, strict=True)),
        *(each.at(rows) for each in liking.plain),
        *(_places(each.foremost, len(scene))[rows] for each in (liking.ease, liking.cowatch, scene.familiar)),
        *_contrast(scene, rows, bonds, *compared[:2]),
    )
    signals = np.empty((len(SIGNALS), len(rows)), np.float32)
    for number, values in enumerate(told):
        signals[number] = values
    return np.ascontiguousarray(signals.T)


def place(scores: Floats) -> Floats:
    """The place of each score from the top, 0 first, `FURTHEST` for all that come later or score nothing."""
    return _places(Scored(scores).foremost, len(scores))


def _places(foremost: Ints, every: int) -> Floats:
    places = np.full(every, float(FURTHEST))
    places[foremost[:FURTHEST]] = np.arange(min(len(foremost), FURTHEST))
    return places


def share(values: Floats, among: Floats) -> Floats:
    """Each value as a share of the sum of all that there are, 0 where that is nothing."""
    return np.asarray(values / (among.sum() + 1e-9), np.float64)


def lead(values: Floats, first: float, second: float) -> Floats:
    """How far each value is above the best of the others among all, of which these two are the highest."""
    return np.asarray(np.where(values >= first, values - second, values - first), np.float64)


def _viewer(scene: Scene) -> tuple[float, ...]:
    visits = scene.bonds.sums[:, affinity.VISITS]
    total = float(visits.sum())
    latest = max(float(scene.bonds.last.max(initial=0.0)), float(scene.bonds.left.max(initial=0.0)))
    idle = (scene.at - latest) / HOUR if total else NEVER
    return total, len(visits) / max(total, 1.0), idle, scene.at % DAY / HOUR


def _bonds(scene: Scene) -> Floats:
    """The first of `BOND`, one row a signal, one column a bond, and a last one for streams without a bond."""
    bonds, at = scene.bonds, scene.at
    sums = bonds.sums.T
    visits = sums[affinity.VISITS]
    came = visits > 0
    gap = (at - bonds.last) / HOUR
    usual = (bonds.last - bonds.first) / HOUR / np.maximum(visits - 1, 1)
    told = np.zeros((len(BOND) - 3, len(bonds) + 1))
    told[:, :-1] = (
        visits,
        visits / max(float(visits.sum()), 1.0),
        sums[affinity.IN_A_DAY],
        sums[affinity.IN_A_WEEK],
        sums[affinity.IN_A_MONTH],
        bonds.activation,
        sums[affinity.MINUTES],
        sums[affinity.TOKENS],
        np.where(came, gap, NEVER),
        np.where(came, (at - np.maximum(bonds.last, bonds.left)) / HOUR, NEVER),
        bonds.near,
        np.where(came, np.abs((gap + 12) % 24 - 12), NEVER),
        np.where(visits > 1, gap / (usual + 0.5), NEVER),
        sums[affinity.PRESENT],
    )
    told[[BOND.index(name) for name in ("gap", "away", "phase", "tempo")], -1] = NEVER
    return told


def _place_among_known(scene: Scene) -> Floats:
    """The place of each live stream by how present it is in the viewer's habits; `FURTHEST` for what is not."""
    places, known = np.full(len(scene), float(FURTHEST)), scene.known
    places[known] = place(scene.of_bonds(scene.bonds.activation, known))
    return places


def _channels(scene: Scene, rows: Ints) -> tuple[Floats, ...]:
    trends, at = scene.trends.only(rows), scene.at
    sums = trends.sums.T
    known = sums[trend.ARRIVALS] > 0
    return (
        sums[trend.RUSH],
        sums[trend.HOURS],
        sums[trend.TODAY],
        sums[trend.WEEK],
        sums[trend.HOURS] / (sums[trend.TODAY] + 0.5),
        sums[trend.AUDIENCE],
        trends.scheduled,
        np.where(known, (at - trends.last) / HOUR, NEVER),
        scene.age[rows] / HOUR,
        np.where(known, (at - trends.first) / HOUR, NEVER),
        sums[trend.PRESENT],
        sums[trend.MINUTES],
        sums[trend.TOKENS],
    )


def _contrast(scene: Scene, rows: Ints, told: Floats, ease: Floats, cowatch: Floats) -> tuple[Floats | float, ...]:
    bonds, sums = scene.bonds, scene.trends.sums
    recency = np.full(len(bonds) + 1, float(FURTHEST))
    recency[:-1] = np.minimum(len(bonds) - np.searchsorted(np.sort(bonds.last), bonds.last, "right"), FURTHEST)
    held = told[[BOND.index(name) for name in ("visits", "activation", "near")]]
    visits, habit, near = held[:, scene.bond[rows]]
    unknown = [-1] * min(2, len(scene) - len(scene.known))  # without a bond all are equal: two stand for them
    all_visits, all_habit, all_near = held[:, [*scene.bond[scene.known].tolist(), *unknown]]
    return (
        share(visits, all_visits),
        share(habit, all_habit),
        share(near, all_near),
        lead(habit, *two_highest(all_habit)),
        lead(near, *two_highest(all_near)),
        lead(ease, *scene.liking.ease.two_highest),
        lead(cowatch, *scene.liking.cowatch.two_highest),
        recency[scene.bond[rows]],
        sums[rows, trend.ARRIVALS] / (sums[rows, trend.AUDIENCE] + 1),
        float(np.count_nonzero(all_visits)),
    )
