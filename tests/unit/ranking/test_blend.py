"""Diversity and exploration: what turns scores into a list."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.blend import chances, diversify, explore


def test_without_diversity_the_best_come_first() -> None:
    utility = np.array([0.1, 0.9, 0.5])
    assert diversify(utility, np.eye(3, dtype=np.float32), 3, diversity=0.0) == [1, 2, 0]


def test_a_copy_of_what_is_listed_steps_back() -> None:
    utility = np.array([1.0, 0.95, 0.8, 0.0])
    likeness = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    assert diversify(utility, likeness, 2, diversity=0.0) == [0, 1]
    assert diversify(utility, likeness, 2, diversity=0.3) == [0, 2]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.integers(0, 40))
def test_a_list_names_each_row_once(utility: list[float], count: int) -> None:
    likeness = np.ones((len(utility), 2), np.float32)
    chosen = diversify(np.array(utility), likeness, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(utility))


def test_exploration_takes_a_tenth_and_spares_the_first_slots() -> None:
    chosen, unknown = list(range(20)), np.arange(20, 60, dtype=np.int32)
    draw = np.random.default_rng(3)
    counts = []
    for _ in range(200):
        listed, explored = explore(chosen, unknown, draw)
        assert listed[:2] == [0, 1]
        assert len(set(listed)) == 20
        assert explored == set(listed) - set(chosen)
        assert explored <= set(unknown.tolist())
        counts.append(len(explored))
    assert set(counts) <= {2, 3}
    short = [len(explore(chosen[:5], unknown, draw)[1]) for _ in range(2000)]
    assert np.mean(short) == pytest.approx(0.5, abs=0.06)


def test_nothing_unknown_nothing_explored() -> None:
    chosen = list(range(10))
    assert explore(chosen, np.array([3, 4], np.int32), np.random.default_rng(0)) == (chosen, set())


def test_chances_sum_to_one_even_for_large_utilities() -> None:
    share = chances(np.array([1000.0, 999.0, -1000.0]))
    assert share.sum() == pytest.approx(1.0)
    assert share[0] > share[1] > share[2]
