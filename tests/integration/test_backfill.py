"""A range made anew by the flows' own code: from the log and from history, the results are those of the live flows."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from redis import Redis

from features.leaderboards import SPAN
from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.events import Event, GiftRefunded, GiftSent, StreamEnded, StreamStarted
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import environment
from tests.integration.flows import Cast, Log, archived, counted, dataflows

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
FLOWS = ("leaderboards", "engagement", "progress")


@pytest.fixture
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_redis(settings.redis_url) as client:
        yield client


@pytest.fixture
def history(settings: Settings) -> Iterator[Client]:
    with connect_clickhouse(settings.clickhouse_url) as client:
        yield client


def backfill(settings: Settings, *asked: str) -> subprocess.CompletedProcess[str]:
    """`livestreamx backfill ...`, ended."""
    return subprocess.run(
        [sys.executable, "-m", "livestreamx", "backfill", *asked],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def a_week(cast: Cast) -> list[Event]:
    """A show of three hours in an old week, a gift of it taken back a week later, and an act elsewhere after it."""
    told = {"stream_id": cast.streams[0], "creator_id": cast.creator, "title": "A show", "creator": "maker"}
    start, end = MONDAY + timedelta(hours=20), MONDAY + timedelta(hours=23)
    acts = [
        msgspec.structs.replace(cast.act(), occurred_at=start + timedelta(seconds=10 * number)) for number in range(800)
    ]
    gift = next(act for act in acts if isinstance(act, GiftSent))
    taken = {name: getattr(gift, name) for name in ("code", "qty", "tokens", "paid", "bonus", "gift_event_id")}
    refund = GiftRefunded(
        occurred_at=MONDAY + timedelta(days=8),
        sent_at=gift.occurred_at,
        reason="chargeback",
        stream_id=gift.stream_id,
        creator_id=gift.creator_id,
        user_id=gift.user_id,
        **taken,
    )
    at = MONDAY + timedelta(days=7, hours=1)
    after = msgspec.structs.replace(cast.act(), occurred_at=at, stream_id=cast.streams[1])
    started = StreamStarted(occurred_at=start, started_at=start, **told)
    return [started, *acts, StreamEnded(occurred_at=end, started_at=start, ended_at=end, **told), refund, after]


def results(cache: Redis, cast: Cast) -> dict[str, object]:
    """The week's boards, and what is known of its show."""
    found: dict[str, object] = {}
    places = [(name, "weekly", "2026-w10") for name in ("gifts", "engagement", "creators")]
    for place in (*places, ("gifts", "stream", str(cast.streams[0]))):
        found[keys.board(*place)] = cache.zrange(keys.board(*place), 0, -1, withscores=True)
    # XP comes from several topics: which act of which topic made somebody reach a score first is not repeatable.
    xp = keys.board("xp", "weekly", "2026-w10")
    found[xp] = {who: int(score) // SPAN for who, score in cache.zrange(xp, 0, -1, withscores=True)}
    found["metrics"] = cache.hgetall(keys.stream_metrics(cast.streams[0]))
    found["people"] = {who: set(what) for who, what in cache.hgetall(keys.stream_people(cast.streams[0])).items()}
    found["all-time"] = cache.zscore(keys.board("creators", "global", "all"), str(cast.creator))
    return found


async def test_the_log_and_history_make_the_same_results_again(
    settings: Settings, cache: Redis, history: Client
) -> None:
    cast, log = Cast(seed=31, streams=2), Log(settings)
    log.write(a_week(cast))
    with dataflows(settings, *FLOWS, "archive"):

        async def all_written() -> bool:
            ends = log.ends()
            return archived(history, ends) and counted(cache, ends, *FLOWS)

        await eventually(all_written, bool, 120)
    live = results(cache, cast)
    assert all(live.values())

    week = ("--from", "2026-03-02", "--to", "2026-03-09")
    for origin in ("log", "history"):
        cache.zincrby(keys.board("gifts", "weekly", "2026-w10"), 2.0**23, str(cast.people[0]))
        cache.hincrby(keys.stream_metrics(cast.streams[0]), "messages", 7)
        cache.delete(keys.board("xp", "weekly", "2026-w10"))
        cache.hset(keys.stream_minute(cast.streams[0], 29_000_000), "messages", 1)  # of another time: stays
        cache.zadd(keys.board("engagement", "weekly", "2026-w10"), {str(uuid7()): 1.0})
        assert results(cache, cast) != live
        done = await asyncio.to_thread(backfill, settings, *week, "--origin", origin)
        assert (done.returncode, done.stderr) == (0, "")
        assert results(cache, cast) == live
        assert cache.hget(keys.stream_minute(cast.streams[0], 29_000_000), "messages") == b"1"
    assert connect_redis(settings.redis_url.removesuffix("/0") + "/15").dbsize() == 0


def test_a_range_that_is_not_over_or_a_database_in_use_is_refused(settings: Settings, cache: Redis) -> None:
    refused = backfill(settings, "--from", "2026-03-02", "--to", "2999-01-01")
    assert refused.returncode == 1
    assert "an hour ago" in refused.stderr
    with connect_redis(settings.redis_url.removesuffix("/0") + "/14") as other:
        other.set("somebody", "else's")
        refused = backfill(settings, "--from", "2026-03-02", "--to", "2026-03-03", "--scratch", "14")
        assert refused.returncode == 1
        assert "in use" in refused.stderr
        assert other.get("somebody") == b"else's"
        other.flushdb()
    assert backfill(settings, "--from", "yesterday", "--to", "2026-03-03").returncode == 2
