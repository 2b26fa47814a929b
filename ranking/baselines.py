"""What any recommender has to beat: simple rankings of all that is live, from the same knowledge."""

import numpy as np
from numpy.typing import NDArray

from features import affinity, trend
from features.signals import LIKING, Scene

Floats = NDArray[np.float64]

EASE, COWATCH, TEXT = LIKING.index("ease"), LIKING.index("cowatch"), LIKING.index("text")
FREQUENT, PRESENT_HABIT = 0.15, 0.02
"""How much habits add to EASE."""
FOLLOWED, ALIKE_TEXT, CROWD = 0.1, 0.1, 0.01


def trending(scene: Scene) -> Floats:
    """Who arrived in the last hour, then today."""
    return scene.trends.trending


def repeat(scene: Scene) -> Floats:
    """What this viewer has watched most often; what is trending today decides between equals."""
    return scene.of_bonds(scene.bonds.sums[:, affinity.VISITS]) + 1e-6 * scene.trends.sums[:, trend.TODAY]


def ease_and_repeat(scene: Scene) -> Floats:
    """EASE plus habits by frequency and recency."""
    visits = scene.of_bonds(scene.bonds.sums[:, affinity.VISITS])
    return np.asarray(scene.liking[:, EASE] + FREQUENT * np.log1p(visits) + PRESENT_HABIT * scene.activation)


def by_factors(scene: Scene) -> Floats:
    """The rung below the ranker: EASE and habits, then follows, texts, and how many are there."""
    crowd = np.log1p(np.maximum(scene.trends.present, 0.0) + scene.trends.sums[:, trend.RUSH])
    asked = FOLLOWED * scene.followed + ALIKE_TEXT * scene.liking[:, TEXT] + CROWD * crowd
    return np.asarray(ease_and_repeat(scene) + asked, np.float64)


def all_of(scene: Scene, popularity: Floats) -> dict[str, Floats]:
    """Every baseline by name; `popularity` is the number of visits each live channel had when the models were fitted.

    Those that know nothing of a newcomer fall back on popularity.
    """
    known = bool(len(scene.bonds))
    return {
        "trending": trending(scene),
        "popularity": popularity,
        "repeat": repeat(scene),
        "ALS": scene.liking[:, COWATCH] if known else popularity,
        "EASE": scene.liking[:, EASE] if known else popularity,
        "EASE + repeat": ease_and_repeat(scene) if known else popularity,
    }
