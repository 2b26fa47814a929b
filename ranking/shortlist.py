"""Which live streams are worth ranking: the best of each source, and everything when little is live.

The sources: channels one knows, co-watching three ways, what comes next, alike texts, what is rising and what is new.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.channels import Channels
from features.likings import highest
from features.signals import Scene

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ENOUGH = 400
"""With no more live streams than this every one is ranked."""
BEST = {"ease": 60, "cowatch": 60, "alike": 40, "sequel": 30, "text": 30}
MOST_KNOWN, RISING, CROWDED, NEWEST = 80, 40, 30, 20
OUT_OF_IT = 1e6


class Leaders(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that lead whoever looks, best first: where many arrive, where many are, what began just now."""

    rising: Ints
    crowded: Ints
    newest: Ints

    @classmethod
    def of(cls, channels: Channels, spare: int = 0) -> "Leaders":
        """As many as a shortlist takes, and `spare` more in place of those that a viewer must not see."""
        trends, age = channels.trends, channels.age
        return cls(
            rising=in_order(trends.trending, RISING + spare),
            crowded=in_order(trends.present, CROWDED + spare),
            newest=in_order(1 / (1 + np.maximum(age, 0.0)), NEWEST + spare),
        )


def in_order(scores: Floats, count: int) -> Ints:
    """Up to `count` positions of the highest scores above 0, highest first."""
    best = highest(scores, count)
    return best[np.argsort(-scores[best], kind="stable")].astype(np.int32)


def foremost(ordered: Ints, allowed: Flags, count: int) -> Ints:
    """The first `count` of these rows that are allowed."""
    some = ordered[:count]
    if allowed[some].all():
        return some
    some = ordered[: count + len(allowed) - int(np.count_nonzero(allowed))]
    return some[allowed[some]][:count]


def shortlist(scene: Scene, allowed: Flags, leaders: Leaders) -> Ints:
    """The rows among those `allowed` to be ranked, in ascending order: a few hundred at most."""
    if np.count_nonzero(allowed) <= ENOUGH:
        return np.flatnonzero(allowed).astype(np.int32)
    return united(len(scene), sources(scene, allowed, leaders))


def sources(scene: Scene, allowed: Flags, leaders: Leaders) -> list[NDArray[np.integer]]:
    """The best rows of each source among those `allowed`; a row may come from several."""
    known = np.flatnonzero(((scene.bond >= 0) | scene.followed) & allowed).astype(np.int32)
    closeness = scene.of_bonds(scene.bonds.activation, known) + OUT_OF_IT * scene.followed[known]
    return [
        known[highest(closeness, MOST_KNOWN)],
        *(foremost(getattr(scene.liking, name).foremost, allowed, count) for name, count in BEST.items()),
        foremost(leaders.rising, allowed, RISING),
        foremost(leaders.crowded, allowed, CROWDED),
        foremost(leaders.newest, allowed, NEWEST),
    ]


def united(rows: int, parts: Sequence[NDArray[np.integer]]) -> Ints:
    """Each of these rows once, in ascending order; `rows` are all there are."""
    listed = np.zeros(rows, np.bool_)
    listed[np.concatenate(parts)] = True
    return np.flatnonzero(listed).astype(np.int32)


def order_all(scene: Scene, listed: Ints, scores: Floats) -> Floats:
    """A score for every live stream: those that were ranked first, all others after them by what is trending."""
    rest = scene.trends.trending
    whole = rest - rest.max(initial=0.0) - 1.0 + (float(scores.min()) if len(scores) else 0.0)
    whole[listed] = scores
    return np.asarray(whole, np.float64)
