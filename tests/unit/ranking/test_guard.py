"""What a viewer watches most stays among the first ten, so a plain list of habits is never better at that depth."""

import numpy as np
import pytest

from features import affinity, trend
from features.affinity import HALF_LIVES, Bonds
from features.channels import Channels
from features.likings import LIKING, Likings
from features.signals import Scene
from ranking.baselines import repeat
from ranking.guard import DEPTH, keep_habits
from ranking.metrics import place_of

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def scene_of(draw: np.random.Generator, live: int, known: int) -> Scene:
    sums = np.zeros((known, len(HALF_LIVES)))
    sums[:, affinity.VISITS] = draw.integers(1, 30, known)
    bond = np.full(live, -1, np.int32)
    bond[draw.permutation(live)[:known]] = np.arange(known)
    past = np.ones(known)
    return Scene(
        at=100.0,
        bonds=Bonds(at=100.0, sums=sums, first=past, last=past, left=past),
        bond=bond,
        followed=np.zeros(live, np.bool_),
        channels=Channels.of(trend.unpack([None] * live, 100.0), np.zeros(live)),
        liking=Likings.of(np.zeros((live, len(LIKING)))),
    )


@pytest.mark.parametrize("known", [0, 1, 6, 10, 25])
def test_no_choice_that_habits_would_show_is_missed(known: int) -> None:
    draw = np.random.default_rng(known)
    for _ in range(50):
        scene = scene_of(draw, 60, known)
        rows = np.arange(60, dtype=np.int32)
        guarded = keep_habits(scene, rows, draw.normal(size=60))
        habits = repeat(scene)
        for target in np.flatnonzero(scene.bond >= 0).tolist():
            if place_of(habits, target) < DEPTH - 1:
                assert place_of(guarded, target) < DEPTH


def test_who_makes_room_comes_next_and_all_others_keep_their_order() -> None:
    scene = scene_of(np.random.default_rng(1), 30, 2)
    rows = np.arange(30, dtype=np.int32)
    utility = -np.arange(30.0)
    utility[scene.bond >= 0] = [-50.0, -60.0]
    guarded = keep_habits(scene, rows, utility)
    before, after = np.argsort(-utility).tolist(), np.argsort(-guarded).tolist()
    assert after[:8] == before[:8]
    assert after[8:10] == before[28:]
    assert after[10:12] == before[8:10]
    assert after[12:] == before[10:28]


def test_nothing_changes_where_habits_are_there_already() -> None:
    scene = scene_of(np.random.default_rng(2), 30, 5)
    rows = np.arange(30, dtype=np.int32)
    utility = np.where(scene.bond >= 0, 1.0, 0.0) + np.linspace(0, 0.5, 30)
    assert keep_habits(scene, rows, utility) is utility
