"""The training set out of ClickHouse: what counts as a visit, and that nothing from after the instant comes through."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from clickhouse_connect.driver.client import Client
from redis.asyncio import Redis as AsyncRedis

from features.affinity import MINUTES, VISITS
from features.offline import count_events, read_history
from features.store import fill_bonds, fill_trends, read_bonds, read_trends
from features.sweep import Sweep
from livestreamx.engines import clickhouse as clickhouse_engine
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.migrate import migrate_clickhouse
from livestreamx.settings import Settings

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
GAP = 45
CREATOR, STREAM, VIEWER, OTHER = (uuid4() for _ in range(4))
NOBODY = UUID(int=0)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture(name="db")
def a_database_of_its_own(settings: Settings) -> Any:
    name = f"history_{uuid4().hex[:8]}"
    migrate_clickhouse(settings.clickhouse_url, name)
    with clickhouse_engine.connect_plain(settings.clickhouse_url, name) as db:
        started(db, STREAM, CREATOR)
        yield db
        db.command(f"DROP DATABASE {name}")


def started(db: Client, stream: UUID, creator: UUID, **changed: Any) -> None:
    row = {
        "stream_id": stream,
        "occurred_at": START,
        "event_id": uuid4(),
        "type": "stream.started",
        "creator_id": creator,
        "creator": "nightowl",
        "title": "Blitz",
        "category": "Chess",
        "tags": ["blitz"],
        "visibility": "public",
    } | changed
    db.insert("lifecycle", [list(row.values())], column_names=list(row))


def beats(
    db: Client, seconds: list[float], *, user: UUID = VIEWER, session: str = "one", stream: UUID = STREAM
) -> None:
    names = ["stream_id", "occurred_at", "event_id", "kind", "creator_id", "user_id", "session_id"]
    rows = [[stream, at(second), uuid4(), "heartbeat", CREATOR, user, session] for second in seconds]
    for _ in range(2):  # the archive may write a row twice
        db.insert("presence", rows, column_names=names)


def until(seconds: float) -> float:
    return at(seconds).timestamp()


def test_heartbeats_become_visits(db: Client) -> None:
    beats(db, [0, 15, 30, 45])
    beats(db, [100, 115, 300, 315], session="two")
    history = read_history(db, until=until(3600), gap_seconds=GAP)
    assert (history.users, history.creators, history.handles) == ([str(VIEWER)], [str(CREATOR)], ["nightowl"])
    assert history.watches.minutes.tolist() == [pytest.approx(0.75), pytest.approx(0.25), pytest.approx(0.25)]
    assert history.watches.start.tolist() == [until(0), until(100), until(300)]
    assert history.watches.stop.tolist() == [until(45), until(115), until(315)]
    assert (history.streams.category, history.streams.tags) == (["Chess"], [("blitz",)])
    assert count_events(db, "2026-03-01")["presence"] == 8


def test_who_does_not_count(db: Client) -> None:
    hidden = uuid4()
    started(db, hidden, CREATOR, visibility="unlisted")
    beats(db, [0, 15, 30], user=NOBODY, session="anonymous")
    beats(db, [0, 15, 30], user=CREATOR, session="own")
    beats(db, [0, 15, 30], session="hidden", stream=hidden)
    history = read_history(db, until=until(3600), gap_seconds=GAP)
    assert len(history.watches) == 0
    assert history.streams.ids == [str(STREAM)]


@pytest.mark.parametrize(("instant", "visits"), [(40, 0), (74, 0), (75, 1), (3600, 1)])
def test_a_visit_is_known_once_its_silence_has_passed(db: Client, instant: float, visits: int) -> None:
    beats(db, [0, 15, 30])
    assert len(read_history(db, until=until(instant), gap_seconds=GAP).watches) == visits


def test_the_future_stays_unknown(db: Client) -> None:
    """Acts planted after the instant change nothing of what is read at it."""
    names = ["stream_id", "occurred_at", "event_id", "gift_event_id", "creator_id", "user_id", "code", "tokens"]

    def plant(second: float, user: UUID) -> None:
        beats(db, [second, second + 15, second + 30], user=user, session=f"s{second}")
        db.insert("gifts", [[STREAM, at(second), uuid4(), uuid4(), CREATOR, user, "HEART", 5]], column_names=names)
        follow = [[CREATOR, at(second), uuid4(), "follow.added", user]]
        db.insert("follows", follow, column_names=["creator_id", "occurred_at", "event_id", "type", "user_id"])

    plant(0, VIEWER)
    before = read_history(db, until=until(600), gap_seconds=GAP)
    plant(700, VIEWER)
    plant(800, OTHER)
    started(db, STREAM, CREATOR, type="stream.ended", occurred_at=at(900), title="Changed afterwards")
    after = read_history(db, until=until(600), gap_seconds=GAP)
    assert after.users == before.users == [str(VIEWER)]
    assert after.streams.title == ["Blitz"]
    assert after.streams.end.tolist() == before.streams.end.tolist() == [float("inf")]
    for part in ("watches", "gifts", "follows"):
        for column in getattr(before, part).__struct_fields__:
            assert getattr(getattr(after, part), column).tolist() == getattr(getattr(before, part), column).tolist()
    later = read_history(db, until=until(3600), gap_seconds=GAP)
    assert (len(later.watches), len(later.gifts.user), later.streams.end.tolist()) == (3, 3, [until(900)])


async def test_online_bonds_are_those_of_the_training_set(db: Client, settings: Settings, redis: AsyncRedis) -> None:
    beats(db, [15 * beat for beat in range(81)])
    history = read_history(db, until=until(3600), gap_seconds=GAP)
    sweep = Sweep(history)
    sweep.advance(history.until)
    with redis_engine.connect_plain(settings.redis_url) as plain:
        assert fill_bonds(plain, sweep.stored_bonds()) == 1
        fill_trends(plain, *sweep.stored_trends())
    at = history.until + 500
    creators, bonds = await read_bonds(redis, VIEWER, at)
    assert creators == (str(CREATOR),)
    assert np.array_equal(bonds.sums, sweep.of_viewer(0, at)[1].sums)
    assert bonds.sums[0, VISITS] == 1
    assert bonds.sums[0, MINUTES] == pytest.approx(20, rel=1e-2)
    assert (bonds.last[0], bonds.left[0]) == (until(0), until(1200))
    trends = await read_trends(redis, [CREATOR, OTHER], at)
    assert np.array_equal(trends.sums[0], sweep.of_channels(np.array([0], np.int32), at).sums[0])
    assert not trends.sums[1].any()
    assert (await read_bonds(redis, OTHER, at))[0] == ()
