"""Which live streams are worth ranking: the best of each source, and everything when little is live.

The sources: channels one knows, co-watching three ways, what comes next, alike texts, what is rising and what is new.
"""

import numpy as np
from numpy.typing import NDArray

from features.signals import LIKING, Scene, highest

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

ENOUGH = 400
"""With no more live streams than this every one is ranked."""
BEST = {"ease": 60, "cowatch": 60, "alike": 40, "sequel": 30, "text": 30}
MOST_KNOWN, RISING, CROWDED, NEWEST = 80, 40, 30, 20
OUT_OF_IT = 1e6


def shortlist(scene: Scene, allowed: Ints) -> Ints:
    """The rows of `allowed` to be ranked, in ascending order: a few hundred at most."""
    if len(allowed) <= ENOUGH:
        return allowed
    activation = scene.activation[allowed]
    sources = [
        highest(np.where(scene.followed[allowed], activation + OUT_OF_IT, activation), MOST_KNOWN),
        *(highest(scene.liking[allowed, LIKING.index(name)], count) for name, count in BEST.items()),
        highest(scene.trends.trending[allowed], RISING),
        highest(scene.trends.present[allowed], CROWDED),
        highest(1 / (1 + np.maximum(scene.age[allowed], 0.0)), NEWEST),
    ]
    return np.unique(allowed[np.concatenate(sources)])


def order_all(scene: Scene, listed: Ints, scores: Floats) -> Floats:
    """A score for every live stream: those that were ranked first, all others after them by what is trending."""
    rest = scene.trends.trending
    whole = rest - rest.max(initial=0.0) - 1.0 + (float(scores.min()) if len(scores) else 0.0)
    whole[listed] = scores
    return np.asarray(whole, np.float64)
