"""The metrics against values worked out by hand."""

import math

import numpy as np
import pytest

from ranking.evaluate import Tally, ndcg, precision, recall, temporal_split, top
from tests.unit.ranking.worlds import make_history, make_report

RELEVANT = np.array([False, True, False, True, False])


def test_top_keeps_the_order_of_equals() -> None:
    assert top(np.array([1.0, 3.0, 1.0, 3.0]), 3).tolist() == [1, 3, 0]


def test_precision_counts_slots_and_recall_what_is_relevant() -> None:
    listed = np.array([1, 0, 2])
    assert precision(RELEVANT, listed, at=3) == pytest.approx(1 / 3)
    assert recall(RELEVANT, listed, at=3) == pytest.approx(1 / 2)


def test_ndcg_by_hand() -> None:
    assert ndcg(RELEVANT, np.array([1, 3, 0])) == pytest.approx(1.0)
    one_late = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert ndcg(RELEVANT, np.array([0, 1, 2])) == pytest.approx(one_late)
    assert ndcg(RELEVANT, np.array([0, 2, 4])) == 0.0
    assert ndcg(np.zeros(5, np.bool_), np.array([0, 1])) == 0.0


def test_tally_means_and_coverage() -> None:
    tally = Tally()
    creators = np.arange(20, dtype=np.int32)
    first = np.zeros(20, np.bool_)
    first[0] = True
    tally.add(-np.arange(20.0), first, creators)
    tally.add(np.arange(20.0), first, creators)
    metrics = tally.metrics()
    assert metrics.hit_rate == pytest.approx(0.5)
    assert metrics.precision == pytest.approx(0.05)
    assert metrics.recall == pytest.approx(0.5)
    assert metrics.ndcg == pytest.approx(0.5)
    assert metrics.coverage == pytest.approx(1.0)


def test_an_empty_tally_is_zero() -> None:
    assert set(Tally().metrics().named().values()) == {0.0}


def test_the_split_is_by_time_not_by_person() -> None:
    history = make_history(
        until=1e6, creators=[0], live=[(0, 1e6)], watches=[(number % 3, 0, number * 100.0, 1) for number in range(101)]
    )
    split = temporal_split(history)
    assert (split.learn, split.test) == (6000.0, 8000.0)


@pytest.mark.parametrize(
    ("ndcg", "popularity", "questions", "passed"),
    [(0.5, 0.5, 10, True), (0.49, 0.5, 10, False), (0.9, 0.1, 0, False), (math.nan, 0.1, 10, False)],
)
def test_the_gate(ndcg: float, popularity: float, questions: int, passed: bool) -> None:
    gate = make_report(ndcg=ndcg, popularity=popularity, questions=questions).gate
    assert gate.passed is passed
    assert gate.why
