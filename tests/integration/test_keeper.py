"""The keeper is killed at any moment, and several run at once: everything due happens once, all the same."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import environment
from tests.integration.commanding import rows
from tests.integration.interacting import open_poll, pass_time, scene, told, vote

SCENES = 4
KILLS = 6


@contextmanager
def keeper(settings: Settings) -> Iterator["subprocess.Popen[str]"]:
    """The role, killed afterwards whatever it is doing."""
    command = [sys.executable, "-m", "domain.interactions.keeper"]
    with subprocess.Popen(command, env=environment(settings), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def is_ready(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return await asyncio.to_thread(process.stdout.readline) == "ready\n"


async def test_killed_at_any_moment_everything_due_happens_once(
    api: AsyncClient, pool: Pool, settings: Settings
) -> None:
    scenes = [await scene(api, pool) for _ in range(SCENES)]
    for number, on in enumerate(scenes):
        await vote(on.viewer, on, (await open_poll(on))["id"], 1)
        await on.viewer.ask("POST", f"{on.path}/questions", json={"text": "when?"})
        body = {"type": "reactions", "target": 5, "durationS": 60}
        await on.creator.ask("POST", f"{on.path}/challenges", json=body)
        target = scenes[(number + 1) % SCENES].stream
        await on.creator.ask("POST", f"{on.path}/raid", json={"targetId": target})
    streams = [on.stream for on in scenes]

    async def undone() -> list[Any]:
        return await rows(
            pool,
            "SELECT 'poll' FROM polls WHERE stream_id = ANY (%s) AND state = 'active' "
            "UNION ALL SELECT 'raid' FROM raids WHERE stream_id = ANY (%s) AND state = 'pending' "
            "UNION ALL SELECT 'challenge' FROM challenges WHERE stream_id = ANY (%s) AND ended_at IS NULL "
            "UNION ALL SELECT 'question' FROM questions WHERE stream_id = ANY (%s) AND state = 'open'",
            streams,
            streams,
            streams,
            streams,
        )

    assert len(await undone()) == 4 * SCENES
    for round_ in range(KILLS):
        with keeper(settings) as process:
            assert round_ % 2 == 0 or await is_ready(process)  # else it is killed while it starts
            for stream in streams:
                for table in ("polls", "challenges", "raids"):
                    await pass_time(pool, table, stream, 12)
    for on in scenes:
        await on.creator.ask("POST", f"{on.path}/end")
    with keeper(settings) as first, keeper(settings) as second:
        assert await is_ready(first)
        assert await is_ready(second)
        await eventually(undone, lambda left: not left)
        first.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.wait, 60) == 0
    for stream in streams:
        (poll,) = await told(pool, stream, "poll.ended")
        assert (poll["votes"], poll["winner"]) == ([1, 0, 0], 1)
        assert len(await told(pool, stream, "raid.launched")) + len(await told(pool, stream, "raid.cancelled")) == 1
        ends = [await told(pool, stream, f"challenge.{end}") for end in ("failed", "cancelled", "completed")]
        assert sum(map(len, ends)) == 1
        assert len(await told(pool, stream, "qa.expired")) == 1
