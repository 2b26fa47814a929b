"""A season ends once: its boards are kept, its best are rewarded, and the next one starts empty by its name."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg
import pytest
from httpx import AsyncClient
from psycopg.rows import TupleRow

from domain.seasons.service import SETTLING, due
from features.leaderboards import FIRST_SEASON, SEASON_DAYS, season_of
from livestreamx.clock import frozen
from livestreamx.events import BadgeEarned, decode
from livestreamx.settings import Settings
from orchestration.definitions import define
from tests.flows.chunks import chunks_of
from tests.integration.people import Person
from tests.integration.test_leaderboards import Game, count

SEASON = FIRST_SEASON + timedelta(days=4 * SEASON_DAYS)
ENDED = SEASON + timedelta(days=SEASON_DAYS)


@pytest.fixture
def db(settings: Settings) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
        yield connection


def reset(settings: Settings) -> None:
    """Run the job as Dagster does."""
    job = define(settings).resolve_job_def("season_reset")
    quiet: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, run_config=quiet).success


def kept(db: psycopg.Connection[TupleRow], season: str) -> list[tuple[Any, ...]]:
    rows = db.execute(
        "SELECT board, rank, user_id, score FROM season_results WHERE season = %s ORDER BY board, rank", (season,)
    )
    return rows.fetchall()


def test_a_season_is_due_once_late_acts_are_in() -> None:
    assert due(ENDED + SETTLING).start == SEASON
    assert due(ENDED + SETTLING - timedelta(seconds=1)).end == SEASON
    assert due(ENDED + timedelta(days=SEASON_DAYS)).start == SEASON


async def test_the_job_keeps_rewards_and_tells_once(
    api: AsyncClient, settings: Settings, db: psycopg.Connection[TupleRow]
) -> None:
    creator = await Person.creator(api)
    stream = UUID(await creator.go_live())
    game = Game(creator, stream, [await Person.register(api) for _ in range(3)])
    gifts = [
        game.gift(number, 100 * (number + 1), 10 * (3 - number), ENDED - timedelta(hours=2)) for number in range(3)
    ]
    next_season = game.gift(0, 7, 7, ENDED + timedelta(minutes=5))
    count(settings, chunks_of([*gifts, next_season], topic="economy"))
    with frozen(ENDED + SETTLING) as clock:
        await asyncio.to_thread(reset, settings)
        first = kept(db, season_of(SEASON).ref)
        clock.advance(timedelta(days=30))
        await asyncio.to_thread(reset, settings)
    assert kept(db, season_of(SEASON).ref) == first
    ranked = [viewer.id for viewer in reversed(game.viewers)]
    assert [row[2] for row in first if row[0] == "gifts"] == ranked
    assert [row[3] for row in first if row[0] == "gifts"] == [300, 200, 100]
    assert [(row[1], row[2], row[3]) for row in first if row[0] == "creators"] == [(1, creator.id, 60)]
    shown = (await api.get(f"/api/users/{creator.handle}")).json()
    assert set(shown["badges"]) == {"season_top1", "season_top10", "season_top100"}
    told = [decode(row[0]) for row in db.execute("SELECT payload FROM outbox WHERE topic = 'signals'").fetchall()]
    mine = [event.badge for event in told if isinstance(event, BadgeEarned) and event.user_id == creator.id]
    assert sorted(mine) == ["season_top1", "season_top10", "season_top100"]
    with frozen(ENDED + timedelta(hours=1)):
        running = (await api.get("/api/leaderboard/gifts", params={"scope": "season"})).json()
    assert [(row["rank"], row["handle"], row["score"]) for row in running["items"]] == [(1, game.viewers[0].handle, 7)]
