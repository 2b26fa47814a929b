"""The evaluation of one training run: what it measured, whether it passed the gate, and which rung is to answer."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.history import History
from ranking.metrics import DEEPEST, Cohort, Tally, gain_of, top
from ranking.questions import Question
from ranking.trial import FACTORS, OURS, Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

GATE_METRIC = "ndcg@10"
RIVALS = ("popularity", "trending")
SERVING: Final = "serving"
"""What serves now, answering the same questions: its trees over models fitted as those of the candidate."""
PAIRED = ("repeat", SERVING)
SURE_Z = 1.959964
BINS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
EXAMPLES = 8


class Bin(msgspec.Struct, frozen=True):
    """Listed streams whose predicted chance fell into one interval: how many, the mean chance, the share chosen."""

    count: int
    predicted: float
    chosen: float


class Example(msgspec.Struct, frozen=True):
    """One question: when (s), what the viewer watches most, the first five of the list, the choice and its place."""

    at: float
    watches: list[str]
    listed: list[str]
    chosen: str
    place: int


class Gate(msgspec.Struct, frozen=True):
    passed: bool
    why: str


class Paired(msgspec.Struct, frozen=True):
    """The mean gain in the gate's metric over another ranking of the same questions, and its standard error."""

    gain: float
    error: float

    @classmethod
    def of(cls, ours: Ints, theirs: Ints) -> "Paired":
        """From the places that both gave to each choice."""
        gains = gain_of(ours, DEEPEST) - gain_of(theirs, DEEPEST)
        error = float(gains.std(ddof=1)) / len(gains) ** 0.5 if len(gains) > 1 else 0.0
        return cls(float(gains.mean()) if len(gains) else 0.0, error)

    @property
    def worse(self) -> bool:
        """Whether it is a loss that chance does not explain (95 %)."""
        return self.gain < -SURE_Z * self.error


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the test period; `rung` is the one that is to answer: the ranker, or factors where that is better."""

    questions: int
    lessons: int
    plan: Plan
    rung: str
    metrics: dict[str, dict[str, float]]
    """ranking -> metric -> value"""
    cohorts: dict[str, Cohort] = {}
    paired: dict[str, Paired] = {}
    """The gain over each of `PAIRED` that answered too."""
    calibration: list[Bin] = []
    examples: list[Example] = []

    @property
    def own(self) -> dict[str, float]:
        """The metrics of the rung that is to answer."""
        return self.metrics.get(self.rung, {})

    @property
    def gate(self) -> Gate:
        """Not worse on NDCG@10 than popularity, what is trending, repeat and what serves, on the same questions.

        Repeat and what serves are close, so there a loss counts when chance does not explain it.
        """
        if not self.questions:
            return Gate(passed=False, why="there was nothing to evaluate on")
        mine = self.own.get(GATE_METRIC, float("nan"))
        theirs = {name: self.metrics[name][GATE_METRIC] for name in RIVALS if name in self.metrics}
        best = max(theirs, key=lambda name: theirs[name])
        verdict = f"{GATE_METRIC} {mine:.4f} against {theirs[best]:.4f} of {best}"
        for name, paired in self.paired.items():
            if paired.worse:
                return Gate(passed=False, why=f"{GATE_METRIC} {mine:.4f}, {-paired.gain:.4f} less than {name}")
        return Gate(passed=bool(np.isfinite(mine) and mine >= theirs[best]), why=verdict)


class Observer:
    """Watches the questions of a trial go by, for calibration and examples."""

    def __init__(self, history: History, seed: int = 0) -> None:
        self._history, self._draw, self._seen = history, np.random.default_rng(seed), 0
        self._predicted: list[float] = []
        self._chosen: list[bool] = []
        self.examples: list[Example] = []

    def see(self, question: Question, scores: Floats) -> None:
        """A question with the scores of the ranking that is to answer."""
        best = top(scores)
        best = best[np.argsort(-scores[best], kind="stable")]
        risen = np.exp(scores - scores.max())
        self._predicted += (risen[best] / risen.sum()).tolist()
        self._chosen += (best == question.target).tolist()
        self._seen += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(self._example(question, scores, best))
        elif (row := int(self._draw.integers(self._seen))) < EXAMPLES:
            self.examples[row] = self._example(question, scores, best)

    def calibration(self) -> list[Bin]:
        """By interval of the predicted chance."""
        predicted, chosen = np.array(self._predicted), np.array(self._chosen)
        found = []
        for low, high in pairwise(BINS):
            rows = (predicted >= low) & (predicted < high if high < 1 else predicted <= high)
            if rows.any():
                found.append(Bin(int(rows.sum()), float(predicted[rows].mean()), float(chosen[rows].mean())))
        return found

    def _example(self, question: Question, scores: Floats, best: NDArray[np.intp]) -> Example:
        names = [
            handle or creator for handle, creator in zip(self._history.handles, self._history.creators, strict=True)
        ]
        habits = np.argsort(-question.scene.activation, kind="stable")[:3]
        known = [row for row in habits.tolist() if question.scene.activation[row] > 0]
        return Example(
            at=question.scene.at,
            watches=[names[creator] for creator in question.creators[known].tolist()],
            listed=[names[creator] for creator in question.creators[best[:5]].tolist()],
            chosen=names[int(question.creators[question.target])],
            place=int((scores > scores[question.target]).sum()),
        )


def choose_rung(metrics: dict[str, dict[str, float]]) -> str:
    """The ranker unless it was not learned or simple factors do better."""
    if OURS not in metrics or metrics[OURS][GATE_METRIC] < metrics[FACTORS][GATE_METRIC]:
        return FACTORS
    return OURS


def report_of(tally: Tally, lessons: int, plan: Plan, observed: dict[str, Observer]) -> Report:
    """The report of a trial; `observed` holds who watched which ranking."""
    metrics = tally.metrics()
    rung = choose_rung(metrics) if metrics else FACTORS
    watched = observed[rung]
    rankings: Sequence[str] = (rung, "repeat") if metrics else ()
    return Report(
        questions=tally.questions,
        lessons=lessons,
        plan=plan,
        rung=rung,
        metrics=metrics,
        cohorts=tally.cohorts(rankings),
        paired={name: Paired.of(tally.places(rung), tally.places(name)) for name in PAIRED if name in metrics},
        calibration=watched.calibration(),
        examples=watched.examples,
    )
