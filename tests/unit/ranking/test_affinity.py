"""Habits fade, and nobody knows the future: the training set and the online values are one definition."""

import numpy as np
import pytest

from features.affinity import HALF_LIFE_SECONDS, Habit, Sweep, habits_by_id, habits_of_all
from features.history import History
from tests.unit.ranking.worlds import DAY, make_history


@pytest.fixture(name="history")
def random_history() -> History:
    draw = np.random.default_rng(5)
    return make_history(
        until=40 * DAY,
        creators=[0, 1, 2, 0],
        live=[(0, 20 * DAY), (0, 40 * DAY), (10 * DAY, 30 * DAY), (20 * DAY, np.inf)],
        watches=[
            (int(draw.integers(4)), int(draw.integers(4)), float(draw.random() * 39 * DAY), float(draw.exponential(20)))
            for _ in range(300)
        ],
        gifts=[
            (int(draw.integers(4)), int(draw.integers(3)), at, float(draw.integers(1, 50)))
            for at in np.sort(draw.random(60) * 40 * DAY).tolist()
        ],
        follows=[(0, 1, DAY, True), (0, 2, 2 * DAY, True), (0, 1, 3 * DAY, False)],
    )


def test_a_sum_halves_in_its_half_life() -> None:
    habit = Habit()
    habit.watched(60, stop=1000.0)
    habit.gave(10, at=1000.0)
    later = habit.seen_at(1000.0 + HALF_LIFE_SECONDS)
    assert (later.minutes, later.tokens, later.last) == (pytest.approx(30), pytest.approx(5), 1000.0)


@pytest.mark.parametrize("day", [1, 7.5, 21, 39.99])
def test_step_by_step_equals_all_at_once(history: History, day: float) -> None:
    at = day * DAY
    sweep = Sweep(history)
    for instant in np.linspace(0, at, 50):
        sweep.advance(float(instant))
    at_once = habits_of_all(history.before(np.nextafter(at, 0)))
    stepped = {
        user: {creator: habit.seen_at(at) for creator, habit in mine.items()}
        for user, mine in enumerate(sweep.habits)
        if mine
    }
    assert stepped.keys() == at_once.keys()
    for user, mine in at_once.items():
        assert stepped[user].keys() == mine.keys()
        for creator, habit in mine.items():
            other = stepped[user][creator]
            assert other.minutes == pytest.approx(habit.minutes, rel=1e-9)
            assert other.tokens == pytest.approx(habit.tokens, rel=1e-9)
            assert other.last == habit.last


def test_what_happens_later_changes_nothing_earlier(history: History) -> None:
    at = 12 * DAY
    seen = []
    for known in (history, history.before(at)):
        sweep = Sweep(known)
        sweep.advance(at)
        seen.append((sweep.habits, sweep.follows, sweep.visits.tolist()))
    assert seen[0] == seen[1]


def test_a_visit_counts_as_taste_only_when_it_is_over() -> None:
    history = make_history(until=DAY, creators=[0], live=[(0, DAY)], watches=[(0, 0, 100.0, 10)])
    sweep = Sweep(history)
    sweep.advance(101.0)
    assert (sweep.viewers[0], sweep.habits[0]) == (1, {})
    sweep.advance(700.0)
    assert (sweep.viewers[0], sweep.habits[0]) == (1, {})
    sweep.advance(700.1)
    assert sweep.viewers[0] == 0
    assert sweep.habits[0][0].minutes == pytest.approx(10)


def test_a_follow_is_undone_by_its_withdrawal(history: History) -> None:
    sweep = Sweep(history)
    sweep.advance(2.5 * DAY)
    assert sweep.follows[0] == {1, 2}
    sweep.advance(4 * DAY)
    assert sweep.follows[0] == {2}


def test_a_glance_is_no_habit() -> None:
    history = make_history(
        until=DAY, creators=[0, 1], live=[(0, DAY)] * 2, watches=[(0, 0, 10.0, 0.2), (0, 1, 60.0, 5)]
    )
    assert [(user, list(mine)) for user, mine in habits_by_id(history)] == [("user-0", ["creator-1"])]


def test_live_at_the_instant(history: History) -> None:
    assert history.streams.live_at(5 * DAY).tolist() == [0, 1]
    assert history.streams.live_at(20 * DAY).tolist() == [1, 2, 3]
    assert history.streams.live_at(99 * DAY).tolist() == [3]
