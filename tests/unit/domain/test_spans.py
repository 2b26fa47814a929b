"""How long streams were live within the span of a dashboard."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.analytics.model import Shown, Span
from livestreamx.clock import now

HOUR = timedelta(hours=1)


def span(*streams: Shown) -> Span:
    """From ten hours ago to ten hours from now."""
    since, until = now() - 10 * HOUR, now() + 10 * HOUR
    return Span(creator_id=uuid4(), streams=streams, since=since, until=until, grain="1d")


def test_a_stream_that_is_live_counts_up_to_now_and_not_to_the_end_of_the_span() -> None:
    live = Shown(id=uuid4(), began=now() - 2 * HOUR, over=None)
    assert span(live).live_seconds == pytest.approx(7200, abs=5)


def test_what_lies_outside_of_the_span_does_not_count() -> None:
    early = Shown(id=uuid4(), began=now() - 12 * HOUR, over=now() - 9 * HOUR)
    earlier = Shown(id=uuid4(), began=now() - 14 * HOUR, over=now() - 12 * HOUR)
    assert span(early, earlier).live_seconds == pytest.approx(3600, abs=5)
