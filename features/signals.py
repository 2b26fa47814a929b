"""What speaks for each live stream, to one viewer at one instant: the only definition of the ranker's inputs.

Training, the evaluation of a log and serving all call `describe`, so a number means the same everywhere.
"""

from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import affinity
from features.affinity import Bonds
from features.channels import CHANNEL, Channels
from features.decay import DAY, HOUR
from features.likings import LIKING, Likings, Scored, stand_out, two_highest
from features.trend import Trends

Floats = NDArray[np.float64]
Rows = NDArray[np.float32]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int32]
Places = NDArray[np.uint8]

VIEWER = ("experience", "variety", "idle", "hour")
BOND = (
    *("visits", "share", "day", "week", "month", "activation", "minutes", "tokens"),
    *("gap", "away", "near", "phase", "tempo", "watching"),
)
MEETING = ("followed", "returned", "place")
PLACES = ("ease_place", "cowatch_place", "familiar_place")
BOND_CONTRAST = ("visits_share", "habit_share", "near_share", "habit_lead", "near_lead")
CONTRAST = (*BOND_CONTRAST, "ease_lead", "cowatch_lead", "recency_place", "loyalty", "known_live")
"""How a stream stands against all else that is live: what is chosen is chosen from what is there."""
SIGNALS = VIEWER + BOND + MEETING + CHANNEL + LIKING + PLACES + CONTRAST
FURTHEST = 50
"""Places in the viewer's order beyond this are all the same."""
FREQUENT, PRESENT_HABIT = 0.15, 0.02
"""How much habits by frequency and by recency add to EASE."""
NEVER, NOTHING = -1.0, np.zeros(1)
WITHOUT_BOND = [NEVER if name in {"gap", "away", "phase", "tempo"} else 0.0 for name in BOND]
COMPARED = [BOND.index(name) for name in ("visits", "activation", "near")]


class Scene(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One viewer at the instant `at` before all that is live, one row a live stream.

    `bond` is the row of its creator among the viewer's `bonds` (-1: none), `liking` what the models say.
    """

    at: float
    bonds: Bonds
    bond: Ints
    followed: Flags
    channels: Channels
    liking: Likings

    def __len__(self) -> int:
        return len(self.bond)

    @property
    def trends(self) -> Trends:
        return self.channels.trends

    @property
    def age(self) -> Floats:
        """How long each stream has been live (s)."""
        return self.channels.age

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
    liking, meeting = scene.liking, scene.bond[rows]
    bond, channels = _bonds(scene).take(meeting, axis=0), scene.channels.signals.take(rows, axis=0)
    returned = scene.of_bonds(scene.bonds.last, rows) >= scene.at - scene.age[rows]
    compared = [each.at(rows) for each in liking.compared]
    return side_by_side(
        len(rows),
        *_viewer(scene),
        bond[:, : len(BOND)],
        scene.followed[rows],
        returned & (bond[:, BOND.index("visits")] > 0),
        _place_among_known(scene)[rows],
        channels[:, : len(CHANNEL)],
        *(stand_out(each, scores) for each, scores in zip(liking.compared, compared, strict=True)),
        *(each.at(rows) for each in liking.plain),
        *(_places(each.foremost, len(scene))[rows] for each in (liking.ease, liking.cowatch, scene.familiar)),
        bond[:, len(BOND) : -1],
        lead(compared[0], *liking.ease.two_highest),
        lead(compared[1], *liking.cowatch.two_highest),
        bond[:, -1],
        channels[:, len(CHANNEL)],
        int(np.count_nonzero(scene.bonds.sums[scene.bond[scene.known], affinity.VISITS])),
    )


def side_by_side(rows: int, *parts: NDArray[np.generic] | float) -> Rows:
    """These as columns, shape [rows, len(SIGNALS)]: one value for all rows, one each, or several each."""
    signals, column = np.empty((rows, len(SIGNALS)), np.float32), 0
    for part in parts:
        if isinstance(part, np.ndarray) and part.ndim == 2:
            signals[:, column : column + part.shape[1]] = part
            column += part.shape[1]
        else:
            signals[:, column] = part
            column += 1
    return signals


def place(scores: Floats) -> Places:
    """The place of each score from the top, 0 first, `FURTHEST` for all that come later or score nothing."""
    return _places(Scored(scores).foremost, len(scores))


def _places(foremost: Ints, every: int) -> Places:
    places = np.full(every, FURTHEST, np.uint8)
    places[foremost[:FURTHEST]] = np.arange(min(len(foremost), FURTHEST))
    return places


def share(values: Floats, among: Floats) -> Floats:
    """Each value as a share of the sum of all that there are, 0 where that is nothing."""
    return np.asarray(values / (among.sum() + 1e-9), np.float64)


def lead(values: Floats, first: float, second: float) -> Floats:
    """How far each value is above the best of the others among all, of which these two are the highest."""
    return np.asarray(values - np.where(values >= first, second, first), np.float64)


def _viewer(scene: Scene) -> tuple[float, ...]:
    visits = scene.bonds.sums[:, affinity.VISITS]
    total = float(visits.sum())
    latest = max(float(scene.bonds.last.max(initial=0.0)), float(scene.bonds.left.max(initial=0.0)))
    idle = (scene.at - latest) / HOUR if total else NEVER
    return total, len(visits) / max(total, 1.0), idle, scene.at % DAY / HOUR


def _bonds(scene: Scene) -> Floats:
    """`BOND`, `BOND_CONTRAST` and the place by recency, one row a bond and a last one for streams without a bond."""
    bonds, at = scene.bonds, scene.at
    sums = bonds.sums.T
    visits = sums[affinity.VISITS]
    came = visits > 0
    gap = (at - bonds.last) / HOUR
    usual = (bonds.last - bonds.first) / HOUR / np.maximum(visits - 1, 1)
    told = np.zeros((len(BOND) + len(BOND_CONTRAST) + 1, len(bonds) + 1))
    told[: len(BOND), -1] = WITHOUT_BOND
    told[: len(BOND), :-1] = (
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
    told[len(BOND) : -1] = _contrast(scene, *told[COMPARED])
    told[-1, :-1] = np.minimum(len(bonds) - np.searchsorted(np.sort(bonds.last), bonds.last, "right"), FURTHEST)
    told[-1, -1] = FURTHEST
    return np.ascontiguousarray(told.T)


def _contrast(scene: Scene, visits: Floats, habit: Floats, near: Floats) -> tuple[Floats, ...]:
    """`BOND_CONTRAST`: how each bond, and none, the last, stands against those with whoever is live."""
    unknown = [-1] * min(2, len(scene) - len(scene.known))  # without a bond all are equal: two stand for them
    live = [*scene.bond[scene.known].tolist(), *unknown]
    all_habit, all_near = habit[live], near[live]
    return (
        share(visits, visits[live]),
        share(habit, all_habit),
        share(near, all_near),
        lead(habit, *two_highest(all_habit)),
        lead(near, *two_highest(all_near)),
    )


def _place_among_known(scene: Scene) -> Places:
    """The place of each live stream by how present it is in the viewer's habits; `FURTHEST` for what is not."""
    present = scene.of_bonds(scene.bonds.activation, scene.known)
    order = np.argsort(-present, kind="stable")
    return _places(scene.known[order[present[order] > 0]], len(scene))
