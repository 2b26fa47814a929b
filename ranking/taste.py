"""What the learned models say of each channel to one viewer: co-watching three ways, what follows what, and text."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.affinity import Bonds
from features.signals import LIKING
from ranking.collaborative import CreatorFactors
from ranking.neighbours import Neighbours

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

LATEST = 3
"""How many of the last visited channels decide what comes next."""


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of the creators, one row each: factors, neighbours two ways, the mean text of their streams."""

    factors: CreatorFactors
    ease: Neighbours
    alike: Neighbours
    text: Matrix


class Taste(msgspec.Struct, frozen=True, kw_only=True):
    """A viewer as the models see them: scores of every creator, a factor [d_factors] and a mean text [d_text]."""

    ease: Floats
    alike: Floats
    sequel: Floats
    factor: Matrix
    text: Matrix


def taste_of(known: Knowledge, rows: Ints, bonds: Bonds) -> Taste:
    """The taste behind these bonds with the creators `rows`."""
    strength = bonds.strength
    latest = np.argsort(-bonds.last, kind="stable")[:LATEST]
    mean = strength.astype(np.float32) @ known.text[rows]
    length = float(np.linalg.norm(mean))
    return Taste(
        ease=known.ease.scores(rows, strength),
        alike=known.alike.scores(rows, strength),
        sequel=known.alike.scores(rows[latest], np.ones(len(latest))),
        factor=known.factors.fold_in(rows, strength),
        text=mean / length if length > 1e-9 else mean,
    )


def likings(taste: Taste, rows: Ints, factors: Matrix, text: Matrix) -> Floats:
    """What the models say of live streams, shape [n, len(features.signals.LIKING)], each column contiguous.

    `rows` are their creators (-1: unknown to the models), `factors` [n, d_factors] the creators', `text` [n, d_text]
    what the streams say of themselves.
    """
    told = np.empty((len(LIKING), len(rows)))
    told[0], told[2], told[3] = (np.append(one, 0.0)[rows] for one in (taste.ease, taste.alike, taste.sequel))
    told[1], told[4] = factors @ taste.factor, text @ taste.text
    return told.T
