"""Rollups say what history says, however its events came in, and dashboards need nothing else."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from bench import dashboard_world as world
from bench.dashboards import differences, make, whole_year
from domain.analytics import service
from domain.analytics.model import PANEL_NAMES, Panel, PanelName, Shown, Span
from domain.rollups.service import fill, rebuild
from livestreamx.clock import uuid7
from livestreamx.engines.clickhouse import connect, connect_plain
from livestreamx.engines.migrate import migrate_clickhouse
from livestreamx.events import (
    Event,
    FollowAdded,
    GiftRefunded,
    GiftSent,
    MoodChanged,
    PollEnded,
    PollVoted,
    QuestionAsked,
    StreamEnded,
    StreamStarted,
)
from livestreamx.settings import Settings
from tests.integration.people import Person
from tests.integration.test_analytics import BEGAN, MINUTES, Show, archive, happen

CELLS = {
    "act_cells": "grain, at, act, code, count, qty, tokens, paid, bonus, tens, fastest, arraySort(people), made_of",
    "audience_cells": "grain, at, watched_ms, samples, peak, made_of",
    "mood_cells": "grain, at, mood, hops, intensity, shares, reactors, changes, made_of",
    "visits": "viewer, signed, began, ended, watched_ms, sessions",
    "supporters": "user_id, gifts, tokens, paid",
    "steps": "* EXCEPT about",
}


@pytest.fixture(scope="module")
def history(settings: Settings) -> Iterator[Client]:
    with connect_plain(settings.clickhouse_url) as client:
        yield client


def show_of(creator: UUID, stream: UUID) -> Show:
    """Half an hour whose ids depend on nothing but the seed."""
    person = Person.__new__(Person)
    person.id = creator
    show = Show(person, str(stream))
    happen(show)
    votes = [event.user_id for event in show.events if event.user_id not in {None, creator}]
    poll = uuid7()
    for number, who in enumerate(dict.fromkeys(votes)):
        show.add(PollVoted, 400 + number, who, poll_id=poll, choice_id=1 + number % 2)
    show.add(QuestionAsked, 500, votes[0], question_id=uuid7(), handle="h", text="why?")
    counts = {"question": "A or B?", "choices": ("A", "B"), "votes": (3, 2), "voters": 5, "winner": 1, "viewers": 6}
    show.add(PollEnded, 600, creator, poll_id=poll, state="completed", **counts)
    show.add(FollowAdded, 700, votes[0], source="watch", stream_id=None)
    gift = next(event for event in show.events if isinstance(event, GiftSent))
    names = ("gift_event_id", "code", "qty", "tokens", "paid", "bonus")
    taken = {name: getattr(gift, name) for name in names}
    show.add(GiftRefunded, 1900, gift.user_id, sent_at=gift.occurred_at, reason="test", **taken)
    return show


def rolled(history: Client, about: Sequence[UUID]) -> dict[str, list[Any]]:
    """All rollups of these streams and creators, without their ids."""
    found = {}
    for table, columns in CELLS.items():
        key = "about" if table in {"act_cells", "steps"} else "stream_id"
        rows = history.query(
            f"SELECT {columns} FROM {table} FINAL WHERE {key} IN {{about:Array(UUID)}} ORDER BY ALL",
            parameters={"about": [str(one) for one in about]},
        ).result_rows
        found[table] = [*rows]
    return found


def test_no_order_repetition_or_lateness_changes_a_rollup(settings: Settings, history: Client) -> None:
    rng = random.Random(7)
    creator, stream = uuid7(), uuid7()
    show = show_of(creator, stream)
    archive(settings, show.events)
    once = rolled(history, (stream, creator))
    assert all(once.values()), {table: len(rows) for table, rows in once.items()}

    creator, stream = uuid7(), uuid7()
    moved = [event_of(event, creator, stream, show) for event in show.events]
    shuffled = rng.sample(moved, len(moved)) + rng.sample(moved, len(moved) // 10)
    for first in range(0, len(shuffled), 197):
        archive(settings, shuffled[first : first + 197])
    assert rolled(history, (stream, creator)) == once

    rebuild(history, BEGAN - timedelta(hours=1), BEGAN + timedelta(hours=2))
    assert rolled(history, (stream, creator)) == once


def event_of(event: Event, creator: UUID, stream: UUID, show: Show) -> Event:
    """The same event in another stream, with the same people."""
    ids: dict[str, Any] = {"event_id": uuid7(), "creator_id": creator}
    if event.stream_id is not None:
        ids["stream_id"] = stream
    if event.user_id == show.creator.id:
        ids["user_id"] = creator
    return msgspec.structs.replace(event, **ids)


LIVE = BEGAN + timedelta(seconds=10)
OVER = BEGAN + timedelta(seconds=200.3)


def outstayed() -> Show:
    """A stream of 190.3 s, and viewers and a mood that were there before it began and stayed after its end."""
    person = Person.__new__(Person)
    person.id = uuid7()
    show = Show(person, str(uuid7()))
    for since, until in ((0, 260), (195, 230), (210, 300), (0, 5)):
        show.watch(since, until, uuid7())
    for second in range(5, 245, 5):
        end = BEGAN + timedelta(seconds=second)
        state = {"intensity": 0.8, "shares": {"joy": 1.0}, "reactors": 4, "since": BEGAN, "hop_end": end}
        show.add(MoodChanged, second, mood="joy", **state)
    told = {"title": "t", "creator": "c", "started_at": LIVE}
    show.add(StreamStarted, 10, person.id, **told)
    show.add(StreamEnded, 200.3, person.id, ended_at=OVER, **told)
    return show


async def live_panels(settings: Settings, show: Show, grain: Any) -> dict[PanelName, Panel]:
    span = Span(
        creator_id=show.creator.id,
        streams=(Shown(id=UUID(show.stream), began=LIVE, over=OVER),),
        since=BEGAN,
        until=BEGAN + timedelta(minutes=10),
        grain=grain,
    )
    clickhouse = await connect(settings.clickhouse_url)
    try:
        return await service.panels(clickhouse, span, PANEL_NAMES)
    finally:
        await clickhouse.close()


@pytest.mark.parametrize("order", ["news first", "news last", "one by one", "end before start"])
async def test_only_the_time_live_counts_whenever_its_end_is_known(settings: Settings, order: str) -> None:
    show = outstayed()
    *signs, started, ended = show.events
    pages: dict[str, list[list[Event]]] = {
        "news first": [[started, ended], signs],
        "news last": [signs, [started], [ended]],
        "one by one": [[event] for event in random.Random(5).sample(show.events, len(show.events))],
        "end before start": [signs[:20], [ended], signs[20:], [started]],
    }
    for page in pages[order]:
        archive(settings, page)
    for grain in ("10s", "1m", "1h", "1d"):
        found = await live_panels(settings, show, grain)
        viewers = found["viewers"]
        assert viewers.totals["minutesWatched"] == pytest.approx((190.3 + 5.3) / 60)
        assert sum(row["minutes"] for row in viewers.series) == pytest.approx((190.3 + 5.3) / 60)
        assert (viewers.totals["peak"], viewers.totals["unique"]) == (2, 1)
        assert viewers.totals["acv"] == pytest.approx(195.6 / 190.3)
        assert found["retention"].totals["viewers"] == 2
        assert found["retention"].series[-1]["share"] == 1.0
        assert found["mood"].totals["seconds"] == {"joy": 190.3, "neutral": 0.0}
        assert sum(row["mood"] == "joy" for row in found["mood"].series) == {"10s": 20, "1m": 4}.get(grain, 1)


ROWS = 300_000
YEAR = "rollups_year"


async def panels_of(settings: Settings, span: Span) -> dict[PanelName, Panel]:
    clickhouse = await connect(settings.clickhouse_url, YEAR)
    try:
        return await service.panels(clickhouse, span, PANEL_NAMES)
    finally:
        await clickhouse.close()


async def test_a_year_equals_a_plain_count_and_needs_no_raw_row(settings: Settings) -> None:
    migrate_clickhouse(settings.clickhouse_url, YEAR)
    size = world.Size.of_rows(ROWS)
    with connect_plain(settings.clickhouse_url, YEAR) as db:
        rows, _ = make(db, size)
        assert rows >= ROWS
        span = whole_year(size)
        found = await panels_of(settings, span)
        assert differences(db, found) == {}
        for table in ("signs", "first_visits", *CELLS):
            db.command(f"TRUNCATE TABLE {table}")
        fill(db, span.since, span.until)
        assert await panels_of(settings, span) == found
        for table in (*world.TABLES, "signs"):
            db.command(f"TRUNCATE TABLE {table}")
        assert await panels_of(settings, span) == found
        db.command(f"DROP DATABASE {YEAR} SYNC")


def identities(found: dict[PanelName, Panel], live_minutes: float) -> None:
    """What holds between the numbers of any span."""
    viewers, gifts = found["viewers"].totals, found["gifts"].totals
    assert viewers["acv"] * live_minutes == pytest.approx(viewers["minutesWatched"])
    assert sum(row["minutes"] for row in found["viewers"].series) == pytest.approx(viewers["minutesWatched"])
    assert viewers["avgWatchMs"] * viewers["unique"] == pytest.approx(viewers["minutesWatched"] * 60_000)
    assert max(row["viewers"] for row in found["viewers"].series) == viewers["peak"]
    assert max(row["ofPeak"] for row in found["viewers"].series) == 1.0
    for field in ("tokens", "paid", "bonus", "count"):
        assert sum(row[field] for row in gifts["byGift"]) == gifts[field]
        assert sum(row[field] for row in found["gifts"].series) == gifts[field]
    assert gifts["tokens"] == gifts["paid"] + gifts["bonus"] == found["supporters"].totals["tokens"]
    shares = [row["share"] for row in found["retention"].series]
    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)
    assert 0 <= found["engagement"].totals["rate"] <= 1
    density = found["density"].totals
    assert density["messages"] == found["chat"].totals["messages"]
    assert density["density"] * density["viewerMinutes"] == pytest.approx(density["messages"])
    reached = [row["people"] for row in found["funnel"].series]
    assert reached == sorted(reached, reverse=True)
    told = found["mood"].totals["seconds"]
    assert sum(told.values()) == pytest.approx(live_minutes * 60, abs=1)


@pytest.mark.parametrize("grain", ["10s", "1m", "1h", "1d"])
async def test_definitions_hold_as_identities_in_every_grain(settings: Settings, grain: Any) -> None:
    creator, stream = uuid7(), uuid7()
    show = show_of(creator, stream)
    archive(settings, show.events)
    over = BEGAN + timedelta(minutes=MINUTES)
    span = Span(
        creator_id=creator,
        streams=(Shown(id=stream, began=BEGAN, over=over),),
        since=BEGAN,
        until=over + timedelta(minutes=5),
        grain=grain,
    )
    clickhouse = await connect(settings.clickhouse_url)
    found = await service.panels(clickhouse, span, PANEL_NAMES)
    await clickhouse.close()
    identities(found, MINUTES)
    polls = found["polls"]
    assert polls.totals | {"averageTurnout": 0} == {
        "polls": 1,
        "averageTurnout": 0,
        "votes": 5,
        "questions": 1,
        "answered": 0,
        "answeredRate": 0,
    }
    assert polls.series[0]["turnout"] == pytest.approx(5 / 6)
    assert found["followers"].totals["growth"] == 1
    assert found["gifts"].totals["count"] == 11  # one of the twelve was taken back
    assert found["returning"].totals["new"] == 5
