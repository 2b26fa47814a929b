"""Boards: the composite keeps both of its numbers, sorts as promised, and weeks and seasons start on Mondays."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from features.leaderboards import (
    FIRST_SEASON,
    HIGHEST,
    SEASON_DAYS,
    SPAN,
    compose,
    current_ref,
    decompose,
    season_of,
    standings,
    stream_began,
    week_of,
)
from livestreamx.clock import uuid7

scores, ties = st.integers(0, HIGHEST), st.integers(0, SPAN - 1)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2039, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(scores, ties)
def test_a_composite_is_exact_in_a_double(score: int, tie: int) -> None:
    assert decompose(float(compose(score, tie))) == (score, tie)


@given(scores, ties, scores, ties)
def test_more_leads_and_of_equals_the_earlier(score: int, tie: int, other: int, later: int) -> None:
    ranked = sorted([(score, tie), (other, later)], key=lambda one: -compose(*one))
    assert ranked == sorted([(score, tie), (other, later)], key=lambda one: (-one[0], one[1]))


def test_the_published_recipe_would_not_be_exact() -> None:
    assert float(900_720 * 10**10 + 1) == float(900_720 * 10**10)
    assert compose(HIGHEST, 0) < 2**53


@given(moments)
def test_seasons_are_91_days_from_a_monday_and_follow_each_other(at: datetime) -> None:
    season = season_of(at)
    assert season.start <= at < season.end
    assert season.start.weekday() == 0
    assert season.end - season.start == timedelta(days=SEASON_DAYS)
    assert season_of(season.end).start == season.end
    assert season_of(season.start - timedelta(microseconds=1)).end == season.start


@given(moments)
def test_weeks_are_iso_weeks_in_utc(at: datetime) -> None:
    ref, monday = week_of(at)
    assert monday <= at < monday + timedelta(days=7)
    assert monday.weekday() == 0
    assert ref == f"{at.isocalendar().year}-w{at.isocalendar().week:02}"


@given(moments)
def test_an_act_counts_on_every_scope_with_a_tie_that_fits(at: datetime) -> None:
    found = standings(at, uuid4())
    assert [one.scope for one in found] == ["global", "weekly", "season", "stream"]
    assert all(0 <= one.tie < SPAN for one in found)
    assert found[1].tie == int((at - week_of(at)[1]).total_seconds())
    assert found[2].tie == int((at - season_of(at).start).total_seconds())
    assert (found[1].ref, found[2].ref) == (week_of(at)[0], season_of(at).ref)


def test_a_stream_counts_seconds_from_its_own_id() -> None:
    stream = uuid7()
    began = stream_began(stream)
    assert abs(datetime.now(UTC).timestamp() - began) < 5
    assert standings(datetime.fromtimestamp(began + 42.5, UTC), stream)[3].tie == 42
    assert stream_began(UUID(int=0)) == FIRST_SEASON.timestamp()


def test_running_boards_have_a_name_and_streams_must_be_named() -> None:
    at = datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert [current_ref(scope, at) for scope in ("global", "weekly", "season", "stream")] == [
        "all",
        "2026-w47",
        "s12",
        None,
    ]
