"""Why a stream is recommended, in words for the viewer: what speaks loudest for it among all that speaks."""

import numpy as np
from numpy.typing import NDArray

from features import affinity
from features.decay import HOUR
from features.signals import Scene

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

VOICES = ("repeat", "gifts", "followed", "cowatch", "similar", "viewers", "fresh")
PERSONAL = 5
"""The first so many speak of the viewer, the others of the stream."""
AUDIBLE = 0.05
LOUDNESS = {"minutes": 0.2, "gifts": 0.25, "followed": 1.0, "cowatch": 0.4, "similar": 0.6}
MANY_VIEWERS = float(np.log1p(10))
FRESH_SECONDS = HOUR
JUST_STARTED, FEW_VIEWERS, RECENT = 0.85, 1.0, 0.7


def voices(scene: Scene, rows: Ints, viewers: Floats) -> Floats:
    """How loudly each voice speaks for these live streams, shape [len(rows), len(VOICES)]; `viewers` are there now."""
    bonds, bond = scene.bonds.sums, scene.bond[rows]
    of_bond = np.vstack([bonds[:, [affinity.MINUTES, affinity.TOKENS]], np.zeros((1, 2))])[bond]
    minutes, tokens = np.maximum(of_bond, 0.0).T
    cowatch = scene.liking.cowatch
    liking = cowatch.at(rows)
    outstanding = (liking - cowatch.mean) / (cowatch.spread + 1e-9)
    known = 1.0 if len(scene.bonds) else 0.0
    told = np.column_stack(
        [
            scene.of_bonds(scene.bonds.activation, rows) + LOUDNESS["minutes"] * np.log1p(minutes),
            LOUDNESS["gifts"] * np.log1p(tokens),
            LOUDNESS["followed"] * scene.followed[rows],
            LOUDNESS["cowatch"] * known * np.maximum(outstanding, 0.0) * (np.abs(liking) > 1e-9) * (bond < 0),
            LOUDNESS["similar"] * np.maximum(scene.liking.text.at(rows), 0.0),
        ]
    )
    crowd, fresh = np.log1p(viewers), np.exp(-np.maximum(scene.age[rows], 0.0) / FRESH_SECONDS)
    return np.column_stack([told, crowd, fresh])


def source_of(told: Floats) -> str:
    """The loudest voice for one stream as the name of its source; `told` is its row of `voices`."""
    personal = told[:PERSONAL]
    if personal.max() > AUDIBLE:
        return VOICES[int(personal.argmax())]
    fresh, viewers = told[VOICES.index("fresh")], told[VOICES.index("viewers")]
    return "new" if fresh > RECENT and viewers < FEW_VIEWERS else "trending"


def reasons_for(source: str, told: Floats, *, creator: str, category: str, because: str | None) -> list[str]:
    """Why, strongest first; `because` is the watched creator most like this one."""
    words = {
        "repeat": f"You often watch {creator}",
        "gifts": f"You support {creator}",
        "followed": f"You follow {creator}",
        "cowatch": f"Because you watch {because}" if because else "Viewers like you watch this",
        "similar": f"Like the {category} you watch" if category else "Like what you watch",
        "new": "Just started",
        "explore": "Something new for you",
        "trending": "Popular right now",
    }
    value = dict(zip(VOICES, told.tolist(), strict=True))
    also = {
        "followed": value["followed"] > 0,
        "repeat": value["repeat"] > 1,
        "trending": value["viewers"] > MANY_VIEWERS,
        "new": value["fresh"] > JUST_STARTED,
    }
    found = [source, *(name for name, holds in also.items() if holds)]
    return [words[name] for name in dict.fromkeys(found)]
