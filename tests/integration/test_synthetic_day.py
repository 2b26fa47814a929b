"""A day whose outcome is known: killed, shuffled, doubled, replayed and split, it comes out as plain counting says."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.day import differences
from bench.day_runs import Theatre, killed, replayed, theatre, whole
from bench.synthetic_day import SyntheticDay, truth


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("day")) as running:
        yield running


@pytest.fixture(scope="module")
def day() -> SyntheticDay:
    return SyntheticDay(3000, streams=6, people=40)


@pytest.fixture(scope="module")
def undisturbed(stage: Theatre, day: SyntheticDay) -> dict[str, Any]:
    """What comes of the day when nothing happens to it."""
    whole(stage, day.acts)
    return stage.results.outcome(day)


def test_undisturbed_it_is_what_plain_counting_says(undisturbed: dict[str, Any], day: SyntheticDay) -> None:
    assert differences(undisturbed, truth(day)) == []
    assert len(undisturbed["moods"]) > 500
    assert {row[2] for row in undisturbed["moods"]} > {"neutral"}


def test_replayed_from_the_start_nothing_changes(
    stage: Theatre, day: SyntheticDay, undisturbed: dict[str, Any]
) -> None:
    replayed(stage, 1)
    assert differences(stage.results.outcome(day), undisturbed) == []


def test_killed_at_random_moments_it_is_the_same(
    stage: Theatre, day: SyntheticDay, undisturbed: dict[str, Any]
) -> None:
    assert len(set(killed(stage, day.acts, kills=6, pause=0.8))) > 1
    assert differences(stage.results.outcome(day), undisturbed) == []


def test_shuffled_and_doubled_by_two_processes_it_is_the_same(
    stage: Theatre, day: SyntheticDay, undisturbed: dict[str, Any]
) -> None:
    whole(stage, day.shuffled(), workers=2)
    assert differences(stage.results.outcome(day), undisturbed) == []
