"""Questions as they stood at their instant: who looked for something to watch, what was live, what they chose.

Everything in a question was known strictly before it; the models it asks must be older still.
"""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.affinity import MINIMUM_MINUTES
from features.channels import Channels
from features.history import History
from features.signals import Scene, describe
from features.sweep import Sweep
from ranking.offers import Offers
from ranking.shortlist import Leaders, shortlist
from ranking.taste import Knowledge, likings, taste_of

Matrix = NDArray[np.float32]
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One viewer at one instant; rows of `scene` and `creators` are what was live then, `target` what was chosen.

    `listed` are the rows worth ranking and `signals` theirs, shape [len(listed), len(SIGNALS)].
    """

    user: int
    visit: int
    target: int
    creators: Ints
    scene: Scene
    listed: Ints
    signals: Matrix


def ask(
    history: History,
    offers: Offers,
    known: Knowledge,
    text: Matrix,
    visits: Iterable[int],
) -> Iterator[Question]:
    """These visits, in order of time, each as it stood the instant before; what was not on offer is left out.

    `text` [streams, d_text] is what each stream says of itself.
    """
    sweep = Sweep(history)
    watches = history.watches
    for visit in visits:
        at, user = float(watches.start[visit]), int(watches.user[visit])
        offer = offers.at(at, user)
        target = np.flatnonzero(offer.streams == watches.stream[visit])
        if len(target) and len(offer.streams) > 1:
            sweep.advance(at)
            scene = look(sweep, known, text[offer.streams], at=at, user=user, creators=offer.creators, age=offer.age)
            listed = shortlist(scene, np.ones(len(scene), np.bool_), Leaders.of(scene.channels))
            yield Question(
                user=user,
                visit=visit,
                target=int(target[0]),
                creators=offer.creators,
                scene=scene,
                listed=listed,
                signals=describe(scene, listed),
            )


def choose_visits(history: History, *, since: float, until: float, most: int, seed: int) -> NDArray[np.intp]:
    """Up to `most` visits of [since, until) that lasted, in order of time; a visit of unknown length counts."""
    watches = history.watches
    lasted = (watches.minutes >= MINIMUM_MINUTES) | (watches.stop <= watches.start)
    chosen = np.flatnonzero((watches.start >= since) & (watches.start < until) & lasted)
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, most, replace=False))
    return chosen


def look(sweep: Sweep, known: Knowledge, text: Matrix, *, at: float, user: int, creators: Ints, age: Floats) -> Scene:
    """What this viewer has before them; the sweep must have come to `at`."""
    rows, bonds = sweep.of_viewer(user, at)
    taste = taste_of(known, rows, bonds)
    bond = np.full(len(known.text), -1, np.int32)
    bond[rows] = np.arange(len(rows))
    follows = sweep.follows[user]
    return Scene(
        at=at,
        bonds=bonds,
        bond=bond[creators],
        followed=np.isin(creators, list(follows)) if follows else np.zeros(len(creators), np.bool_),
        channels=Channels.of(sweep.of_channels(creators, at), age),
        liking=likings(known, taste, creators, text),
    )
