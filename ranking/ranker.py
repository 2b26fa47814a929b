"""The learned ranker: boosted trees that put what was chosen before all else that was live.

LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010) as LightGBM does it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.signals import SIGNALS
from ranking.questions import Question
from ranking.trees import library

Matrix = NDArray[np.float32]
Flags = NDArray[np.bool_]

FEWEST = 60
"""With fewer questions trees learn nothing that holds."""
MOST_ROWS = 160
"""A question teaches by so many streams at most: the chosen one and a draw of the others."""
HELD_BACK = 0.15
"""The latest questions say when to stop."""
MOST_TREES, PATIENCE = 400, 30
FIXED_TREES, FEW = 40, 400
"""With few questions so many trees, without holding any back."""
PARAMETERS = {
    "objective": "lambdarank",
    "metric": "ndcg",
    "eval_at": [10],
    "learning_rate": 0.05,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambdarank_truncation_level": 15,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class Lesson(msgspec.Struct, frozen=True):
    """A question as the trees take it: signals [n, len(SIGNALS)] and which row was chosen."""

    signals: Matrix
    chosen: int


def lesson_of(question: Question, draw: np.random.Generator) -> Lesson | None:
    """What a question teaches; none when the choice was not even among the streams worth ranking."""
    found = np.flatnonzero(question.listed == question.target)
    if not len(found):
        return None
    rows = np.arange(len(question.listed))
    if len(rows) > MOST_ROWS:
        others = np.delete(rows, found[0])
        rows = np.sort(np.append(draw.choice(others, MOST_ROWS - 1, replace=False), found[0]))
    return Lesson(question.signals[rows], int(np.searchsorted(rows, found[0])))


def fit_ranker(
    lessons: Sequence[Lesson], *, threads: int = 1, seed: int = 0, told: Callable[[int, int], None] | None = None
) -> bytes:
    """Trees learned from lessons in order of time, as LightGBM's own text; `told(done, of)` hears of each tree.

    `ValueError` with fewer than `FEWEST` lessons, `TreesError` where LightGBM cannot be loaded.
    """
    if len(lessons) < FEWEST:
        raise ValueError(f"{len(lessons)} questions are too few to learn a ranker from, {FEWEST} are needed")
    library()
    import lightgbm

    held = int(len(lessons) * HELD_BACK) if len(lessons) >= FEW else 0
    taught = _dataset(lessons[: len(lessons) - held])
    rounds = MOST_TREES if held else FIXED_TREES
    callbacks: list[Callable[..., Any]] = [lightgbm.early_stopping(PATIENCE, verbose=False)] if held else []
    if told:
        callbacks.append(lambda now: told(now.iteration + 1, rounds))
    rows = sum(len(lesson.signals) for lesson in lessons)
    booster = lightgbm.train(
        PARAMETERS | _size(rows) | {"num_threads": threads, "seed": seed},
        taught,
        rounds,
        valid_sets=[_dataset(lessons[len(lessons) - held :], taught)] if held else None,
        callbacks=callbacks,
    )
    return booster.model_to_string(num_iteration=booster.best_iteration or -1).encode()


def _size(rows: int) -> dict[str, int]:
    """How large trees may be that so many rows can carry."""
    return {"num_leaves": int(np.clip(rows // 1000, 7, 31)), "min_data_in_leaf": int(np.clip(rows // 2000, 5, 100))}


def _dataset(lessons: Sequence[Lesson], reference: Any = None) -> Any:
    import lightgbm

    sizes = [len(lesson.signals) for lesson in lessons]
    labels = np.zeros(sum(sizes), np.int8)
    labels[np.cumsum([0, *sizes[:-1]]) + [lesson.chosen for lesson in lessons]] = 1
    signals = np.concatenate([lesson.signals for lesson in lessons])
    return lightgbm.Dataset(signals, labels, group=sizes, reference=reference, feature_name=list(SIGNALS))
