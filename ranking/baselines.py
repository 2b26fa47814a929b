"""What any recommender has to beat: simple rankings of all that is live, from the same knowledge."""

import numpy as np
from numpy.typing import NDArray

from features import affinity, trend
from features.signals import Scene

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

FOLLOWED, ALIKE_TEXT, CROWD = 0.1, 0.1, 0.01


def trending(scene: Scene) -> Floats:
    """Who arrived in the last hour, then today."""
    return scene.trends.trending


def repeat(scene: Scene, rows: Ints | slice = slice(None)) -> Floats:
    """What this viewer has watched most often; what is trending today decides between equals."""
    visits = scene.of_bonds(scene.bonds.sums[:, affinity.VISITS], rows)
    return np.asarray(visits + 1e-6 * scene.trends.sums[rows, trend.TODAY], np.float64)


def by_factors(scene: Scene, rows: Ints | slice = slice(None)) -> Floats:
    """The rung below the ranker: EASE and habits, then follows, texts, and how many are there."""
    crowd = np.log1p(np.maximum(scene.trends.present[rows], 0.0) + scene.trends.sums[rows, trend.RUSH])
    asked = FOLLOWED * scene.followed[rows] + ALIKE_TEXT * scene.liking.text.at(rows) + CROWD * crowd
    return np.asarray(scene.familiar.at(rows) + asked, np.float64)


def all_of(scene: Scene, popularity: Floats) -> dict[str, Floats]:
    """Every baseline by name; `popularity` is the number of visits each live channel had when the models were fitted.

    Those that know nothing of a newcomer fall back on popularity.
    """
    known = bool(len(scene.bonds))
    return {
        "trending": trending(scene),
        "popularity": popularity,
        "repeat": repeat(scene),
        "ALS": scene.liking.cowatch.at(slice(None)) if known else popularity,
        "EASE": scene.liking.ease.scores if known else popularity,
        "EASE + repeat": scene.familiar.scores if known else popularity,
    }
