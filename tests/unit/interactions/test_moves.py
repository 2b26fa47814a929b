"""Every act from every state: what the tables of moves allow happens, everything else is refused."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interactions.challenges import model as challenges
from domain.interactions.lifecycle import Move, move
from domain.interactions.polls import model as polls
from domain.interactions.questions import model as questions
from domain.interactions.raids import model as raids
from livestreamx.errors import Conflict

MACHINES: dict[str, tuple[Mapping[Any, Move], tuple[str, ...], str]] = {
    "poll": (polls.MOVES, get_args(polls.State), "active"),
    "question": (questions.MOVES, get_args(questions.State), "open"),
    "challenge": (challenges.MOVES, get_args(challenges.State), "pending"),
    "raid": (raids.MOVES, get_args(raids.State), "pending"),
}
WAYS = {
    "poll": {"active>completed", "active>terminated"},
    "question": {"open>answered", "open>dismissed", "open>expired"},
    "challenge": {
        "pending>active",
        "pending>cancelled",
        "active>completed",
        "active>failed",
        "active>cancelled",
    },
    "raid": {"pending>launched", "pending>cancelled"},
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_ways_are_these_and_no_others(name: str) -> None:
    moves, states, _ = MACHINES[name]
    ways = set()
    for act in moves:
        for state in states:
            try:
                ways.add(f"{state}>{move(moves, state, act)}")
            except Conflict:
                continue
    assert ways == WAYS[name]


@pytest.mark.parametrize("name", MACHINES)
@given(data=st.data())
def test_whatever_is_tried_in_whatever_order_it_ends_once(name: str, data: st.DataObject) -> None:
    moves, states, state = MACHINES[name]
    left = 0
    for act in data.draw(st.lists(st.sampled_from(sorted(moves)), max_size=12)):
        over = not any(state in way.sources for way in moves.values())
        try:
            after = move(moves, state, act)
        except Conflict:
            continue
        assert not over
        assert f"{state}>{after}" in WAYS[name]
        state, left = after, left + 1
    assert state in states
    assert left <= 2


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=5))
def test_the_winner_has_more_than_anybody_else(votes: list[int]) -> None:
    result = polls.outcome(votes)
    if result.winner is not None:
        others = votes[: result.winner - 1] + votes[result.winner :]
        assert votes[result.winner - 1] > max(others)
        assert not result.tie
    elif result.tie:
        assert votes.count(max(votes)) > 1
        assert max(votes) > 0
    else:
        assert max(votes) == 0
