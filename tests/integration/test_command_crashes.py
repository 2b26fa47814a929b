"""The executor is killed again and again: every command starts at most once, ends once, and pays back exactly."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import environment
from tests.integration.commanding import balance, books_are_in_order, give, rich, rows, shift
from tests.integration.people import Person

STREAMS = 6
GIFTS = ("BG_SWAP", "CONFETTI", "FILTER", "ROCKET", "WHEEL")
KILLS = 10


@contextmanager
def executor(settings: Settings) -> Iterator["subprocess.Popen[str]"]:
    """The role, killed afterwards whatever it is doing."""
    command = [sys.executable, "-m", "domain.commands.executor"]
    with subprocess.Popen(command, env=environment(settings), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_killed_at_any_moment_no_command_is_lost_or_runs_twice(
    api: AsyncClient, pool: Pool, settings: Settings
) -> None:
    streams = [await (await Person.creator(api)).go_live() for _ in range(STREAMS)]
    fans = [await rich(api) for _ in streams]
    for fan, stream in zip(fans, streams, strict=True):
        for code in GIFTS:
            assert (await give(fan, stream, code)).status_code == 201

    await shift(pool, streams[0], 31)  # whose turn did not come in time

    async def ended() -> int:
        found = await rows(
            pool, "SELECT count(*) FROM commands WHERE stream_id = ANY (%s) AND finished_at IS NOT NULL", streams
        )
        return int(found[0][0])

    async def begun() -> int:
        found = await rows(
            pool, "SELECT count(*) FROM commands WHERE stream_id = ANY (%s) AND started_at IS NOT NULL", streams
        )
        return int(found[0][0])

    for round_ in range(KILLS):
        with executor(settings) as process:
            assert process.stdout is not None
            if round_ % 2:  # else it is killed while it starts
                assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
            if round_ == 1:
                await eventually(begun, bool)
            for stream in streams:
                await shift(pool, stream, 4)
    with executor(settings) as first, executor(settings) as second:
        for process in (first, second):
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
        for stream in streams:
            await shift(pool, stream, 31)
        await eventually(ended, lambda found: found == STREAMS * len(GIFTS))

    starts = await rows(
        pool,
        """
        WITH told AS (SELECT convert_from(payload, 'UTF8')::jsonb AS body FROM outbox),
             event AS (SELECT body ->> 'type' AS kind, coalesce(body ->> 'command_id', body ->> 'gift_event_id') AS id
                       FROM told)
        SELECT c.id, c.state, count(*) FILTER (WHERE kind = 'command.started'),
               count(*) FILTER (WHERE kind IN ('command.done', 'command.expired', 'command.rejected')),
               count(*) FILTER (WHERE kind = 'gift.refunded')
        FROM commands c JOIN event ON event.id = c.id::text WHERE c.stream_id = ANY (%s) GROUP BY c.id, c.state
        """,
        streams,
    )
    assert len(starts) == STREAMS * len(GIFTS)
    for _, state, started, over, refunded in starts:
        assert (started, over, refunded) == ((1, 1, 0) if state == "done" else (0, 1, 1)), state
    assert {state for _, state, *_ in starts} >= {"done", "expired"}
    spent = await rows(
        pool,
        "SELECT e.from_user_id, coalesce(sum(e.tokens) FILTER (WHERE c.state = 'done'), 0)::int FROM commands c "
        "JOIN gift_events e USING (id) WHERE c.stream_id = ANY (%s) GROUP BY 1",
        streams,
    )
    kept = dict(spent)
    assert [await balance(fan) for fan in fans] == [1100 - kept[fan.id] for fan in fans]
    assert await books_are_in_order(pool)
