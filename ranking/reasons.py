"""Why a stream is recommended, in words for the viewer: what speaks loudest for it among all that speaks."""

import numpy as np
from numpy.typing import NDArray

from features import affinity
from features.decay import HOUR
from features.likings import stand_out
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
VIEWERS, FRESH = VOICES.index("viewers"), VOICES.index("fresh")
ALSO = (
    ("followed", VOICES.index("followed"), 0.0),
    ("repeat", VOICES.index("repeat"), 1.0),
    ("trending", VIEWERS, MANY_VIEWERS),
    ("new", FRESH, JUST_STARTED),
)
"""What is said besides the source, with the voice that has to be louder than this."""
IMPERSONAL = {"new": "Just started", "explore": "Something new for you", "trending": "Popular right now"}


def voices(scene: Scene, rows: Ints, viewers: Floats) -> Floats:
    """How loudly each voice speaks for these live streams, shape [len(rows), len(VOICES)]; `viewers` are there now."""
    bonds, bond = scene.bonds.sums, scene.bond[rows]
    of_bond = np.vstack([bonds[:, [affinity.MINUTES, affinity.TOKENS]], np.zeros((1, 2))])[bond]
    minutes, tokens = np.maximum(of_bond, 0.0).T
    cowatch = scene.liking.cowatch
    liking = cowatch.at(rows)
    outstanding = stand_out(cowatch, liking)
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
    loudness = told.tolist()
    personal = loudness[:PERSONAL]
    if (loudest := max(personal)) > AUDIBLE:
        return VOICES[personal.index(loudest)]
    return "new" if loudness[FRESH] > RECENT and loudness[VIEWERS] < FEW_VIEWERS else "trending"


def reasons_for(source: str, told: Floats, *, creator: str, category: str, because: str | None) -> list[str]:
    """Why, strongest first; `because` is the watched creator most like this one."""
    found = [_in_words(source, creator, category, because)]
    loudness = told.tolist()
    for name, voice, loud in ALSO:
        if name != source and loudness[voice] > loud:
            found.append(_in_words(name, creator, category, because))
    return found


def _in_words(source: str, creator: str, category: str, because: str | None) -> str:
    match source:
        case "repeat":
            return f"You often watch {creator}"
        case "gifts":
            return f"You support {creator}"
        case "followed":
            return f"You follow {creator}"
        case "cowatch":
            return f"Because you watch {because}" if because else "Viewers like you watch this"
        case "similar":
            return f"Like the {category} you watch" if category else "Like what you watch"
        case _:
            return IMPERSONAL[source]
