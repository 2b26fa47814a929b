"""Experience: levels are exact at every boundary, days are capped, and order never matters."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from features.experience import DAY_CAP, SPEND_CAP, Day, day_experience, experience_of, level_of, watched_minutes


def test_levels_are_exact_at_every_boundary_up_to_1999() -> None:
    for level in range(1, 2000):
        assert level_of(experience_of(level)) == level
        assert level_of(experience_of(level + 1) - 1) == level


def test_nobody_starts_below_level_one() -> None:
    assert level_of(0) == 1
    assert level_of(99) == 1
    assert level_of(100) == 2


def test_what_acts_are_worth() -> None:
    assert day_experience(Day(slots=3, texts=3)) == 6
    assert day_experience(Day(slots=3, texts=1)) == 2
    assert day_experience(Day(reactions=5)) == 5
    assert day_experience(Day(watch=90)) == 90
    assert day_experience(Day(paid=105)) == 10
    assert day_experience(Day(prizes=50)) == 50


def test_subscribers_get_a_fifth_more_of_what_is_not_spending_rounded_down() -> None:
    assert day_experience(Day(reactions=14, subscribed=True)) == 14 + 2
    assert day_experience(Day(reactions=4, subscribed=True)) == 4
    assert day_experience(Day(reactions=10, paid=100, subscribed=True)) == 12 + 10
    assert day_experience(Day(paid=10**6, subscribed=True)) == SPEND_CAP
    assert day_experience(Day(reactions=450, subscribed=True)) == DAY_CAP


counts = st.integers(0, 5000)
days = st.builds(
    Day,
    slots=counts,
    texts=counts,
    reactions=counts,
    watch=counts,
    paid=st.integers(0, 10**6),
    prizes=counts,
    subscribed=st.booleans(),
)


@given(days)
def test_a_day_is_capped_and_spending_makes_at_most_half_of_it(day: Day) -> None:
    free = msgspec.structs.replace(day, paid=0, prizes=0)
    assert 0 <= day_experience(day) <= DAY_CAP
    assert day_experience(day) - day_experience(free) <= SPEND_CAP


def test_of_streams_at_once_two_count_and_the_next_when_one_is_over() -> None:
    def session(since: int, until: int) -> list[int]:
        return [*range(since * 1000, until * 1000 + 1, 15_000)]

    assert watched_minutes({}) == 0
    assert watched_minutes({"a": session(0, 600)}) == 10
    assert watched_minutes({"a": session(0, 600), "b": session(0, 600)}) == 20
    assert watched_minutes({"a": session(0, 600), "b": session(0, 600), "c": session(0, 600)}) == 20
    assert watched_minutes({"a": session(0, 600), "b": session(30, 300), "c": session(60, 600)}) == 10 + 4 + 5
    assert watched_minutes({"a": [0, 40_000, 90_000]}) == 0


@given(st.dictionaries(st.integers(0, 4), st.lists(st.integers(0, 3_600_000), max_size=200), max_size=4))
def test_no_more_minutes_count_than_two_streams_have(signs: dict[int, list[int]]) -> None:
    minutes = watched_minutes(signs)
    assert minutes <= 2 * 60
    assert minutes <= sum(max(times) - min(times) for times in signs.values() if times) // 60_000
