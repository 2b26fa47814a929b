"""Highlights: what stands out of the minutes before, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from features.highlights import APART_MS, LEAST_TRAILING, TRAILING, Bucket, score, stands_out, z_score

buckets = st.builds(Bucket, st.integers(0, 500), st.integers(0, 500), st.integers(0, 10_000))
QUIET = [Bucket(4, 2, 0), Bucket(6, 4, 0)] * (TRAILING // 2)


def test_the_score_is_the_weighted_sum_of_three_z() -> None:
    assert z_score(9, [4, 6], 0.1) == 4.0
    assert score(Bucket(9, 3, 0), QUIET) == 0.4 * 4.0
    assert score(Bucket(15, 13, 50), QUIET) == 0.4 * 10 + 0.4 * 10 + 0.2 * 5


def test_a_quiet_rooms_single_message_is_no_highlight() -> None:
    silent = [Bucket()] * TRAILING
    assert not stands_out(score(Bucket(2, 1, 10), silent), 0, None)
    assert stands_out(score(Bucket(5, 5, 0), silent), 0, None)


def test_the_beginning_of_a_stream_has_nothing_to_compare_with() -> None:
    assert score(Bucket(100, 100, 100), QUIET[: LEAST_TRAILING - 1]) == 0.0
    assert score(Bucket(100, 100, 100), QUIET[:LEAST_TRAILING]) > 3


def test_highlights_are_a_minute_apart() -> None:
    assert stands_out(3.0, APART_MS, 0)
    assert not stands_out(3.0, APART_MS - 1, 0)
    assert not stands_out(2.999, APART_MS, None)


@given(st.lists(buckets, min_size=LEAST_TRAILING, max_size=TRAILING), buckets)
def test_order_does_not_matter_and_the_usual_never_stands_out(before: list[Bucket], bucket: Bucket) -> None:
    assert (
        score(bucket, before) == score(bucket, sorted(before, key=lambda one: one.counts))
        or abs(score(bucket, before) - score(bucket, before[::-1])) < 1e-5
    )
    assert score(Bucket(0, 0, 0), before) <= 0
