"""Keeps what a viewer watches most among the first ten, whatever else the ranker puts before it.

So nobody is served worse than by a plain list of their habits: at depth ten a known channel that such a list would
show is shown. Tried on weeks before the test, it costs the ranker about 0.001 of NDCG@10.
"""

import numpy as np
from numpy.typing import NDArray

from features import affinity
from features.signals import Scene
from ranking.baselines import repeat

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

DEPTH = 10
BELOW = 1e-9


def keep_habits(scene: Scene, rows: Ints, utility: Floats) -> Floats:
    """The utility of these rows with the most watched of them lifted into the first `DEPTH`, shape [n].

    What makes room comes right after; those that keep their place keep their order.
    """
    visits = scene.of_bonds(scene.bonds.sums[:, affinity.VISITS], rows)
    known = np.flatnonzero(visits > 0)
    if len(rows) <= DEPTH or not len(known):
        return utility
    order = np.argsort(-utility, kind="stable")
    habit = np.zeros(len(rows), np.bool_)
    habit[known[np.argsort(-repeat(scene, rows[known]), kind="stable")[:DEPTH]]] = True
    first, later = order[:DEPTH], order[DEPTH:]
    lifted = later[habit[later]]
    if not len(lifted):
        return utility
    making_room = first[~habit[first]][-len(lifted) :]
    staying = first[~np.isin(first, making_room)]
    guarded = utility.copy()
    guarded[np.concatenate([staying, lifted])] = utility[first]
    guarded[making_room] = utility[first[-1]] - BELOW * np.arange(1, len(making_room) + 1)
    return guarded
