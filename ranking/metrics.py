"""How good a ranking is: the place of what was chosen, over many questions, in all and by cohort."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

DEPTHS = (1, 5, 10)
DEEPEST = max(DEPTHS)


def place_of(scores: Floats, target: int) -> int:
    """How many streams come before the chosen one; of equals half come before it."""
    mine = scores[target]
    return int((scores > mine).sum() + (scores == mine).sum() // 2)


def top(scores: Floats, count: int = DEEPEST) -> NDArray[np.intp]:
    """The rows of the `count` highest scores, in no particular order."""
    return np.argpartition(-scores, count)[:count] if len(scores) > count else np.arange(len(scores))


def hit_rate(places: Ints, depth: int) -> float:
    """The share of questions whose choice is among the first `depth`."""
    return float((places < depth).mean()) if len(places) else 0.0


def gain_of(places: Ints, depth: int) -> Floats:
    """The discounted gain of each question with one right answer: 1 / log2(place + 2) within the first `depth`."""
    return np.where(places < depth, 1 / np.log2(places + 2.0), 0.0)


def ndcg(places: Ints, depth: int) -> float:
    """Normalised discounted cumulative gain: with one right answer the mean gain."""
    return float(gain_of(places, depth).mean()) if len(places) else 0.0


def measure(places: Ints) -> dict[str, float]:
    """Recall, NDCG and hit rate at each depth; with one right answer a question recall is the hit rate."""
    rates = {f"hr@{depth}": hit_rate(places, depth) for depth in DEPTHS}
    recalls = {f"recall@{depth}": rates[f"hr@{depth}"] for depth in DEPTHS}
    return (
        recalls
        | {f"precision@{DEEPEST}": rates[f"hr@{DEEPEST}"] / DEEPEST}
        | {f"ndcg@{depth}": ndcg(places, depth) for depth in DEPTHS}
        | rates
    )


class Tally:
    """Collects the places that several rankings gave to the choices of the same questions."""

    def __init__(self) -> None:
        self._places: dict[str, list[int]] = {}
        self._shown: dict[str, set[int]] = {}
        self._offered: set[int] = set()
        self._cohorts: dict[str, list[bool]] = {}

    def add(self, scores: dict[str, Floats], target: int, creators: Ints, cohorts: dict[str, bool]) -> None:
        """One question: each ranking's score of every live stream, the row chosen, whose streams they are."""
        for name, each in scores.items():
            self._places.setdefault(name, []).append(place_of(each, target))
            self._shown.setdefault(name, set()).update(creators[top(each)].tolist())
        self._offered.update(creators.tolist())
        for name, belongs in cohorts.items():
            self._cohorts.setdefault(name, []).append(belongs)

    @property
    def questions(self) -> int:
        return len(next(iter(self._places.values()), []))

    def places(self, name: str) -> Ints:
        return np.array(self._places[name], np.int32)

    def metrics(self) -> dict[str, dict[str, float]]:
        """ranking -> metric -> value; `coverage@10` is the share of creators on offer that reached any first ten."""
        return {
            name: measure(self.places(name))
            | {f"coverage@{DEEPEST}": len(self._shown[name]) / max(len(self._offered), 1)}
            for name in self._places
        }

    def cohorts(self, names: Sequence[str]) -> dict[str, "Cohort"]:
        """Each cohort that anybody belongs to, as these rankings serve it."""
        found = {}
        for cohort, belongs in self._cohorts.items():
            rows = np.flatnonzero(belongs)
            if len(rows):
                metrics = {name: measure(self.places(name)[rows]) for name in names}
                found[cohort] = Cohort(questions=len(rows), metrics=metrics)
        return found


class Cohort(msgspec.Struct, frozen=True):
    """Some of the questions: how many, and ranking -> metric -> value."""

    questions: int
    metrics: dict[str, dict[str, float]]
