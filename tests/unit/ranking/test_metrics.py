"""The metrics against values worked out by hand, and the gate."""

import math

import numpy as np
import pytest

from ranking.metrics import Tally, hit_rate, measure, ndcg, place_of
from tests.unit.ranking.worlds import make_report


def test_place_counts_what_is_better_and_half_of_what_is_equal() -> None:
    scores = np.array([1.0, 3.0, 2.0, 3.0, 0.5])
    assert [place_of(scores, row) for row in (2, 0, 4)] == [2, 3, 4]
    assert place_of(scores, 1) == 1
    assert place_of(np.zeros(5), 0) == 2


def test_figures_by_hand() -> None:
    places = np.array([0, 2, 9, 10, 40], np.int32)
    assert [hit_rate(places, depth) for depth in (1, 5, 10)] == [0.2, 0.4, 0.6]
    assert ndcg(places, 10) == pytest.approx((1 + 1 / math.log2(4) + 1 / math.log2(11)) / 5)
    told = measure(places)
    assert told["recall@10"] == told["hr@10"] == pytest.approx(10 * told["precision@10"])


def test_tally_by_ranking_and_cohort() -> None:
    tally = Tally()
    creators = np.arange(20, dtype=np.int32)
    for target, new in ((0, True), (19, False)):
        tally.add({"down": -np.arange(20.0), "flat": np.zeros(20)}, target, creators, {"new": new, "none": False})
    assert tally.questions == 2
    assert tally.metrics()["down"]["hr@1"] == 0.5
    assert tally.metrics()["down"]["coverage@10"] == 0.5
    cohorts = tally.cohorts(["down"])
    assert list(cohorts) == ["new"]
    assert (cohorts["new"].questions, cohorts["new"].metrics["down"]["ndcg@10"]) == (1, 1.0)


def test_an_empty_tally_says_nothing() -> None:
    assert (Tally().questions, Tally().metrics(), Tally().cohorts([])) == (0, {}, {})


@pytest.mark.parametrize(
    ("ndcg", "popularity", "questions", "passed"),
    [(0.5, 0.5, 10, True), (0.49, 0.5, 10, False), (0.9, 0.1, 0, False), (math.nan, 0.1, 10, False)],
)
def test_the_gate(ndcg: float, popularity: float, questions: int, passed: bool) -> None:
    gate = make_report(ndcg=ndcg, popularity=popularity, questions=questions).gate
    assert gate.passed is passed
    assert gate.why
