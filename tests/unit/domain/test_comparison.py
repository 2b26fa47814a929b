"""The comparison of two versions finds a planted difference, finds none in a planted null, and says when to wait."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from domain.experiments.comparison import compare
from domain.experiments.model import CONTROL, TREATMENT, Experiment, Outcome
from livestreamx.clock import uuid7

EXPERIMENT = Experiment(
    name="bolder", control="a", treatment="b", share=0.5, effect=0.1, started_at=datetime(2026, 11, 1, tzinfo=UTC)
)


def outcome(draw: np.random.Generator, viewers: int, rate: float, minutes: float = 8.0) -> Outcome:
    """Viewers who differ in how much they see and how readily they click, as people do."""
    shown = draw.poisson(40, viewers) + 1
    clicked = draw.binomial(shown, np.clip(draw.beta(2, 8, viewers) * rate / 0.2, 0, 1))
    watched = draw.poisson(minutes * clicked)
    return Outcome(
        viewers=viewers,
        shown=float(shown.sum()),
        clicked=float(clicked.sum()),
        minutes=float(watched.sum()),
        shown_shown=float((shown**2).sum()),
        clicked_clicked=float((clicked**2).sum()),
        minutes_minutes=float((watched**2).sum()),
        shown_clicked=float((shown * clicked).sum()),
        shown_minutes=float((shown * watched).sum()),
    )


def test_a_planted_difference_is_found_and_its_opposite_too() -> None:
    draw = np.random.default_rng(1)
    low, high = outcome(draw, 4000, 0.18), outcome(draw, 4000, 0.216)
    better, worse = compare(EXPERIMENT, low, high), compare(EXPERIMENT, high, low)
    assert (better.verdict, better.missing) == ("ship", 0)
    assert better.click_difference.low > 0
    assert better.why.startswith("ship the candidate")
    assert (worse.verdict, worse.worse) == ("keep", True)


def test_a_planted_null_is_found_about_as_often_as_chance_allows() -> None:
    draw = np.random.default_rng(2)
    rounds = 400
    p = [
        compare(EXPERIMENT, outcome(draw, 400, 0.2), outcome(draw, 400, 0.2)).click_difference.p for _ in range(rounds)
    ]
    found = float(np.mean(np.array(p) < 0.05))
    assert 0.02 < found < 0.09
    assert float(np.mean(p)) == pytest.approx(0.5, abs=0.06)


def test_the_interval_covers_the_truth() -> None:
    draw = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        found = compare(EXPERIMENT, outcome(draw, 500, 0.2), outcome(draw, 500, 0.22)).click_difference
        covered += found.low <= 0.02 <= found.high
    assert covered / 300 > 0.9


def test_until_enough_is_known_it_waits_for_so_many_impressions() -> None:
    draw = np.random.default_rng(4)
    found = compare(EXPERIMENT, outcome(draw, 100, 0.2), outcome(draw, 100, 0.2))
    assert found.verdict == "wait"
    assert f"needs {found.missing:,} more impressions" in found.why
    there = found.control.shown + found.treatment.shown
    larger = round(100 * (1 + found.missing / there) * 1.2)
    assert compare(EXPERIMENT, outcome(draw, larger, 0.2), outcome(draw, larger, 0.2)).verdict != "wait"


@pytest.mark.parametrize("told", [Outcome(), Outcome(viewers=1, shown=3.0, shown_shown=9.0)])
def test_with_next_to_nothing_it_waits(told: Outcome) -> None:
    found = compare(EXPERIMENT, told, Outcome())
    assert (found.verdict, found.click_difference.p) == ("wait", 1.0)
    assert found.missing > 0


def test_plain_harm_ends_it_early() -> None:
    draw = np.random.default_rng(5)
    found = compare(EXPERIMENT, outcome(draw, 300, 0.3), outcome(draw, 300, 0.1))
    assert found.verdict == "keep"
    assert "plainly worse" in found.why


def test_more_clicks_that_are_watched_less_are_not_shipped() -> None:
    draw = np.random.default_rng(6)
    found = compare(EXPERIMENT, outcome(draw, 6000, 0.18, 10.0), outcome(draw, 6000, 0.22, 4.0))
    assert found.click_difference.low > 0
    assert (found.verdict, found.worse) == ("keep", True)


def test_viewers_stay_with_their_version_and_experiments_draw_anew() -> None:
    people = [uuid7() for _ in range(4000)]
    other = Experiment(
        name="another", control="a", treatment="b", share=0.2, started_at=datetime(2026, 11, 1, tzinfo=UTC)
    )
    first, second = ([each.arm_of(person) for person in people] for each in (EXPERIMENT, other))
    assert first == [EXPERIMENT.arm_of(UUID(str(person))) for person in people]
    assert first.count(TREATMENT) / len(people) == pytest.approx(0.5, abs=0.04)
    assert second.count(TREATMENT) / len(people) == pytest.approx(0.2, abs=0.03)
    both = sum(one == two == TREATMENT for one, two in zip(first, second, strict=True)) / len(people)
    assert both == pytest.approx(0.1, abs=0.03)
    assert set(first) == {CONTROL, TREATMENT}
