"""Dead letters from the command line: listed, shown, and put back once when they can be read."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from redis import Redis

from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.events import ReactionSent, encode
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import environment
from tests.integration.flows import Log, dataflows
from tests.integration.shows import read_log


@pytest.fixture
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_redis(settings.redis_url) as client:
        yield client


@pytest.fixture
def history(settings: Settings) -> Iterator[Client]:
    with connect_clickhouse(settings.clickhouse_url) as client:
        yield client


def dead_letters(settings: Settings, *asked: str) -> subprocess.CompletedProcess[str]:
    """`livestreamx dead-letters ...`, ended."""
    return subprocess.run(
        [sys.executable, "-m", "livestreamx", "dead-letters", *asked],
        env=environment(settings) | {"COLUMNS": "240"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def times_in_log(settings: Settings, event_id: UUID) -> int:
    """How often the log of interactions, which other tests fill too, has the event of this id."""
    return sum(str(event_id).encode() in (record.value() or b"") for record in read_log(settings))


def set_aside(history: Client, payload: bytes, offset: int) -> str:
    """A letter that a flow of an older version would have left; its name."""
    row = {"topic": "interactions", "partition": 0, "offset": offset, "logged_at": now() - timedelta(minutes=1)}
    body = msgspec.json.encode(
        row | {"reason": "ValidationError: an older rule", "request_id": "r-7", "record": payload}
    )
    history.raw_insert(
        "dead_letters", insert_block=body, fmt="JSONEachRow", settings={"date_time_input_format": "best_effort"}
    )
    return f"interactions:0:{offset}"


async def test_a_letter_that_can_be_read_now_comes_back_once(settings: Settings, cache: Redis, history: Client) -> None:
    event = ReactionSent(stream_id=uuid7(), user_id=uuid7(), mood="joy")
    name = set_aside(history, encode(event), 900_001)
    listed = await asyncio.to_thread(dead_letters, settings, "list", "--waiting")
    assert name in listed.stdout
    assert "an older rule" in listed.stdout
    shown = await asyncio.to_thread(dead_letters, settings, "show", name)
    assert str(event.event_id) in shown.stdout
    assert "r-7" in shown.stdout

    first = await asyncio.to_thread(dead_letters, settings, "requeue", name)
    assert (first.returncode, first.stdout.strip()) == (0, f"requeued {name}")
    again = await asyncio.to_thread(dead_letters, settings, "requeue", name)
    assert again.returncode == 1
    assert "already" in again.stdout
    assert times_in_log(settings, event.event_id) == 1
    assert name not in (await asyncio.to_thread(dead_letters, settings, "list", "--waiting")).stdout

    history.command("TRUNCATE TABLE requeued_letters")  # as if a crash had come before the mark
    assert (await asyncio.to_thread(dead_letters, settings, "requeue", name)).returncode == 0
    assert times_in_log(settings, event.event_id) == 2
    log = Log(settings)
    with dataflows(settings, "engagement"):

        async def caught_up() -> bool:
            ends = {place: end for place, end in log.ends().items() if place.startswith("interactions")}
            stands = cache.hgetall(keys.flow_offsets("engagement"))
            return all(int(stands.get(place.encode(), 0)) == end for place, end in ends.items())

        await eventually(caught_up, bool)
    assert cache.hget(keys.stream_metrics(event.stream_id or ""), "reactions") == b"1"


def test_what_is_still_unreadable_or_not_there_is_refused_with_the_reason(settings: Settings, history: Client) -> None:
    unheard = uuid7()
    name = set_aside(history, b'{"type":"never.heard.of","event_id":"%s"}' % str(unheard).encode(), 900_002)
    refused = dead_letters(settings, "requeue", name, "interactions:3:999999", "nonsense")
    assert refused.returncode == 1
    assert [line.split()[0] for line in refused.stdout.splitlines()] == ["refused"] * 3
    assert "still unreadable" in refused.stdout
    assert "no such dead letter" in refused.stdout
    assert "topic:partition:offset" in refused.stdout
    assert times_in_log(settings, unheard) == 0
    assert dead_letters(settings, "requeue").returncode == 2
    assert dead_letters(settings, "show", "interactions:3:999999").returncode == 1
