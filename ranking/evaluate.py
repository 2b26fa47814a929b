"""How good a ranking is: the metrics, the split in time, and the gate that a model has to pass.

A question is one viewer at one instant before all streams live then; the answer is what they went on to watch.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.history import History

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AT = 10
LEARN_FROM, TEST_FROM = 0.6, 0.8
GATE_METRIC = "ndcg@10"


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Means over the questions; `coverage` is the share of creators on offer that reached anyone's first ten."""

    precision: float
    recall: float
    ndcg: float
    hit_rate: float
    coverage: float

    def named(self) -> dict[str, float]:
        return {
            "precision@10": self.precision,
            "recall@10": self.recall,
            "ndcg@10": self.ndcg,
            "hr@10": self.hit_rate,
            "coverage@10": self.coverage,
        }


class Split(msgspec.Struct, frozen=True):
    """Factors are fitted before `learn`, weights between `learn` and `test`, the metrics count from `test` on."""

    learn: float
    test: float


def temporal_split(history: History) -> Split:
    """The instants by which 60 % and 80 % of all visits had begun."""
    learn, test = np.quantile(history.watches.start, [LEARN_FROM, TEST_FROM])
    return Split(float(learn), float(test))


def top(scores: Floats, count: int = AT) -> NDArray[np.intp]:
    """The rows of the `count` highest scores, best first; equal scores keep their order."""
    return np.argsort(-scores, kind="stable")[:count]


def precision(relevant: Flags, listed: NDArray[np.intp], at: int = AT) -> float:
    """Share of the `at` slots that hold something relevant."""
    return float(relevant[listed[:at]].sum() / at)


def recall(relevant: Flags, listed: NDArray[np.intp], at: int = AT) -> float:
    """Share of what is relevant that is among the first `at`."""
    return float(relevant[listed[:at]].sum() / max(int(relevant.sum()), 1))


def ndcg(relevant: Flags, listed: NDArray[np.intp], at: int = AT) -> float:
    """Normalised discounted cumulative gain with binary gains: 1 when all relevant rows come first."""
    discounts = 1 / np.log2(np.arange(2, at + 2))
    gained = relevant[listed[:at]].astype(np.float64)
    best = discounts[: min(int(relevant.sum()), at)].sum()
    return float((gained * discounts[: len(gained)]).sum() / best) if best else 0.0


class Tally:
    """Adds up the metrics of one ranking over many questions."""

    def __init__(self) -> None:
        self._sums: list[tuple[float, float, float, float]] = []
        self._shown: set[int] = set()
        self._offered: set[int] = set()

    def add(self, scores: Floats, relevant: Flags, creators: NDArray[np.int32]) -> None:
        """One question: the score of each candidate, which are relevant, and whose streams they are."""
        listed = top(scores)
        hit = float(relevant[listed].any())
        self._sums.append((precision(relevant, listed), recall(relevant, listed), ndcg(relevant, listed), hit))
        self._shown.update(creators[listed].tolist())
        self._offered.update(creators.tolist())

    def metrics(self) -> Metrics:
        """The means; zeros when nothing was asked."""
        means = np.mean(self._sums, axis=0).tolist() if self._sums else [0.0] * 4
        return Metrics(
            precision=means[0],
            recall=means[1],
            ndcg=means[2],
            hit_rate=means[3],
            coverage=len(self._shown) / max(len(self._offered), 1),
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation of one training run; `weights` are those that were evaluated, in the order of `blend.SIGNALS`."""

    questions: int
    learned_from: int
    split: Split
    metrics: dict[str, dict[str, float]]
    """`model`, `popularity`, `repeat` -> metric -> value."""
    weights: list[float]

    @property
    def gate(self) -> "Gate":
        """Not worse than popularity on NDCG@10, on questions that were really asked."""
        mine, theirs = self.metrics["model"][GATE_METRIC], self.metrics["popularity"][GATE_METRIC]
        if not self.questions:
            return Gate(passed=False, why="there was nothing to evaluate on")
        verdict = f"{GATE_METRIC} {mine:.4f} against {theirs:.4f} of popularity"
        return Gate(passed=bool(np.isfinite(mine) and mine >= theirs), why=verdict)


class Gate(msgspec.Struct, frozen=True):
    passed: bool
    why: str
