"""Moves stored bonds of viewers and trends of channels on by what happened, with the tables of the whole history."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import affinity
from features.affinity import BondTable
from features.trend import TrendTable
from features.visits import Act, Kind, pairs_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Pair = tuple[str, str]


class Rows(msgspec.Struct, frozen=True):
    """Stored bonds by (user, creator) and stored trends by creator; zeros where nothing is known yet."""

    bonds: Mapping[Pair, Floats]
    trends: Mapping[str, Floats]


def moved_on(stored: Rows, acts: Sequence[Act]) -> Rows:
    """The rows after these acts; `stored` has one for every pair and creator that they are about."""
    pairs = pairs_of(acts)
    channels = {creator: number for number, creator in enumerate(dict.fromkeys(creator for _, creator in pairs))}
    bonds = BondTable.of(np.stack([stored.bonds[pair] for pair in pairs]))
    trends = TrendTable.of(np.stack([stored.trends[creator] for creator in channels]))

    def of(kind: Kind) -> tuple[list[Act], Ints, Ints, Floats]:
        some = sorted((act for act in acts if act.kind == kind), key=lambda act: act.at)
        rows = np.array([pairs[act.user, act.creator] for act in some], np.int32)
        watched = np.array([channels[act.creator] for act in some], np.int32)
        return some, rows, watched, np.array([act.at for act in some], np.float64)

    some, rows, watched, at = of("arrived")
    if some:
        new = np.zeros(len(some), np.bool_)
        new[np.unique(rows, return_index=True)[1]] = True
        new &= bonds.fading.sums[rows, affinity.VISITS] == 0
        bonds.arrive(rows, at)
        trends.arrive(watched, at, new)
    some, rows, watched, at = of("left")
    if some:
        minutes = np.array([act.minutes for act in some])
        bonds.leave(rows, at, np.array([act.stop for act in some]), minutes)
        trends.leave(watched, at, minutes)
    some, rows, watched, at = of("gave")
    if some:
        tokens = np.array([act.tokens for act in some])
        bonds.give(rows, at, tokens)
        trends.give(watched, at, tokens)
    after = slice(None)
    return Rows(
        dict(zip(pairs, bonds.stored(after), strict=True)), dict(zip(channels, trends.stored(after), strict=True))
    )
