"""Clips that were on air, as a creator's charts know them: once each, however often they are told."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.events import Event, SegmentFailed, SegmentPlayed, SegmentSkipped, SegmentStarted
from livestreamx.settings import Settings
from tests.integration.people import Person
from tests.integration.test_analytics import BEGAN, MINUTES, Show, archive


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


class Clip:
    """A clip in the show."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._told = {"segment_id": uuid7(), "vod_id": uuid7(), "title": "How we met", "kind": "webm"}
        self._told |= {"stream_id": UUID(show.stream), "creator_id": show.creator.id, "duration_ms": 60_000}
        self.id = str(self._told["segment_id"])

    def tell(self, event: type[Event], seconds: float, **more: Any) -> "Clip":
        self._show.events.append(event(occurred_at=at(seconds), **self._told, **more))
        return self

    def play(self, seconds: float) -> "Clip":
        self._began = at(seconds)
        return self.tell(SegmentStarted, seconds, started_at=self._began)

    def end(self, event: type[Event], seconds: float, **more: Any) -> "Clip":
        return self.tell(event, seconds, started_at=self._began, ended_at=at(seconds), **more)


async def test_clips_are_on_the_charts_with_when_they_began_and_ended(
    api: AsyncClient, pool: Pool, settings: Settings
) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    async with pool.connection() as db:
        await db.execute(
            "UPDATE streams SET status = 'ended', started_at = %s, ended_at = %s WHERE id = %s",
            (BEGAN, at(60 * MINUTES), stream),
        )
    show = Show(creator, stream)
    whole = Clip(show).play(60).end(SegmentPlayed, 120)
    skipped = Clip(show).play(300).end(SegmentSkipped, 330.5, reason="skipped")
    broken = Clip(show).play(600).end(SegmentFailed, 601, reason="ingress_failed")
    on_air = Clip(show).play(1740)
    Clip(show).tell(SegmentSkipped, 1000, ended_at=at(1000), reason="removed")  # it was never on air
    archive(settings, show.events)
    archive(settings, show.events[::-1])  # told again, in another order

    panel = (await show.panels("segments"))["segments"]
    assert panel["totals"] == {"segments": 4, "seconds": pytest.approx(60 + 30.5 + 1 + 60), "played": 1}
    assert [(row["segmentId"], row["outcome"], row["seconds"]) for row in panel["series"]] == [
        (whole.id, "played", 60),
        (skipped.id, "skipped", 30.5),
        (broken.id, "failed", 1),
        (on_air.id, "", 60),  # until the end of what is shown
    ]
    assert (panel["series"][0]["at"], panel["series"][0]["endedAt"]) == ("2026-11-20T20:01:00Z", "2026-11-20T20:02:00Z")
    assert panel["series"][3]["endedAt"] is None
    part = await show.panels("segments", **{"from": "2026-11-20T20:05:00Z", "to": "2026-11-20T20:10:00Z"})
    assert [row["segmentId"] for row in part["segments"]["series"]] == [skipped.id]
    csv = await creator.ask("GET", f"/api/studio/streams/{stream}/export", params={"panels": "segments"})
    assert csv.text.count("\n") == 5
