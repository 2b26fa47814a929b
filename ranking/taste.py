"""What the learned models say of each channel to one viewer: co-watching three ways, what follows what, and text."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.affinity import Bonds
from features.likings import Likings, Scored
from ranking.collaborative import CreatorFactors
from ranking.neighbours import Neighbours, Seats

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
    """A viewer as the models see them: the creators they know by row and how much each counts, the `latest` of them,
    a factor [d_factors] and a mean text [d_text]."""

    rows: Ints
    strength: Floats
    latest: Ints
    factor: Matrix
    text: Matrix


def taste_of(known: Knowledge, rows: Ints, bonds: Bonds) -> Taste:
    """The taste behind these bonds with the creators `rows`."""
    strength = bonds.strength
    mean = strength.astype(np.float32) @ known.text[rows]
    length = float(np.linalg.norm(mean))
    return Taste(
        rows=rows,
        strength=strength,
        latest=rows[np.argsort(-bonds.last, kind="stable")[:LATEST]],
        factor=known.factors.fold_in(rows, strength),
        text=mean / length if length > 1e-9 else mean,
    )


def by_neighbours(known: Knowledge, taste: Taste, seats: Seats | None = None) -> tuple[Floats, Floats, Floats]:
    """What EASE, alike audiences and what comes next say of every creator, or of those that have a seat."""
    return (
        known.ease.scores(taste.rows, taste.strength, seats),
        known.alike.scores(taste.rows, taste.strength, seats),
        known.alike.scores(taste.latest, np.ones(len(taste.latest)), seats),
    )


def likings(known: Knowledge, taste: Taste, rows: Ints, text: Matrix) -> Likings:
    """What the models say of live streams; `rows` are their creators, `text` [n, d_text] what they say."""
    ease, alike, sequel = (Scored(told[rows]) for told in by_neighbours(known, taste))
    return Likings(
        ease=ease,
        cowatch=Scored((known.factors.vectors[rows] @ taste.factor).astype(np.float64)),
        alike=alike,
        sequel=sequel,
        text=Scored((text @ taste.text).astype(np.float64)),
    )
