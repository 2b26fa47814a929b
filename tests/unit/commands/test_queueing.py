"""When a queued command starts: one at a time, cooled down, in time; and from when on one more would be taken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands.model import ACTIONS, COOLDOWN_SECONDS, EXPIRY_SECONDS, MOST_WAITING, REGISTRY, Action
from domain.commands.queueing import LONGEST_WAIT, TURN_SECONDS, Stage, Waiting, seconds_until_taken, starts

TURNS: list[Action] = [action for action in ACTIONS if REGISTRY[action].pace != "at_once"]


def queue(*actions: Action) -> tuple[Waiting, ...]:
    return tuple(Waiting(action, EXPIRY_SECONDS) for action in actions)


def test_one_after_the_other_the_oldest_first() -> None:
    waiting = queue("scene.filter", "tts.say", "scene.background")
    assert starts(Stage(free_in=2.0), waiting) == [2.0, 2.0 + 5.25, 2.0 + 5.25 + 12.25]


def test_what_is_cool_goes_before_what_is_older_but_hot() -> None:
    stage = Stage(ready_in={"scene.filter": 20.0})
    assert starts(stage, queue("scene.filter", "scene.background")) == [20.0, 0.0]


def test_the_same_again_is_taken_once_it_would_start_before_it_expires() -> None:
    waits = {
        ready: seconds_until_taken(Stage(ready_in={"scene.filter": ready}), "scene.filter") for ready in (28, 29, 30)
    }
    assert waits == {28: 0, 29: 0, 30: 1}
    assert seconds_until_taken(Stage(queue=queue("scene.filter")), "scene.filter") == 1
    started = Stage(free_in=2.0, ready_in={"scene.filter": 27.0}, queue=(Waiting("scene.filter", 29.0),))
    assert seconds_until_taken(started, "scene.filter") == 28, "30 s after the start of what waits"


def test_nothing_is_taken_that_makes_another_one_late() -> None:
    hot = Stage(ready_in={"scene.filter": 3.0}, queue=(Waiting("scene.filter", 9.0),))
    assert seconds_until_taken(hot, "scene.background") == 0, "8.25 s are soon enough"
    assert (
        seconds_until_taken(Stage(ready_in={"scene.filter": 3.0}, queue=(Waiting("scene.filter", 8.0),)), "tts.say") > 0
    )


def test_a_full_queue_of_blows_drains_before_it_expires() -> None:
    blows = queue(*["challenge.progress"] * (MOST_WAITING - 1))
    assert seconds_until_taken(Stage(free_in=1.1, queue=blows), "challenge.progress") == 0


@pytest.mark.parametrize("action", TURNS)
def test_an_empty_stage_takes_everything(action: Action) -> None:
    assert seconds_until_taken(Stage(), action) == 0


@given(
    st.floats(0, 15),
    st.dictionaries(st.sampled_from(TURNS), st.floats(0, COOLDOWN_SECONDS), max_size=4),
    st.lists(st.builds(Waiting, st.sampled_from(TURNS), st.floats(0, EXPIRY_SECONDS)), max_size=MOST_WAITING),
    st.sampled_from(TURNS),
)
def test_whoever_is_told_to_wait_is_taken_then_and_nobody_is_late_for_it(
    free: float, ready: dict[Action, float], waiting: list[Waiting], action: Action
) -> None:
    stage = Stage(free_in=free, ready_in=ready, queue=tuple(waiting))
    before = starts(stage, stage.queue)
    wait = seconds_until_taken(stage, action)
    assert wait < LONGEST_WAIT
    after = starts(stage, (*waiting, Waiting(action, wait + EXPIRY_SECONDS, wait)))
    assert after[-1] is not None
    assert wait <= after[-1] < wait + EXPIRY_SECONDS
    assert [at is None for at in after[:-1]] == [at is None for at in before]
    on_stage = sorted(
        (at, REGISTRY[command.action].shown_ms / 1000)
        for at, command in zip(before, waiting, strict=True)
        if at is not None
    )
    assert all(then >= at + lasts + TURN_SECONDS - 1e-9 for (at, lasts), (then, _) in pairwise(on_stage))
