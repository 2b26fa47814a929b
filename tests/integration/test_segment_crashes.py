"""The keeper is killed at any moment, and several run at once: every clip is shown once, each move told once."""

from typing import Any

from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.clips import clip_of
from tests.integration.commanding import rows
from tests.integration.people import Person
from tests.integration.test_keeper import is_ready, keeper

CLIPS, KILLS = 3, 3


async def test_killed_at_any_moment_every_clip_is_shown_once(api: AsyncClient, pool: Pool, settings: Settings) -> None:
    creators = [await Person.creator(api) for _ in range(3)]
    streams = [await creator.go_live() for creator in creators]
    for creator, stream in zip(creators, streams, strict=True):
        clip = await clip_of(creator)
        for _ in range(CLIPS):
            made = await creator.ask("POST", f"/api/streams/{stream}/segments", json={"vodId": clip["id"]})
            assert made.status_code == 201

    async def pass_time() -> None:
        async with pool.connection() as db:
            await db.execute(
                "UPDATE segments SET due_at = now() WHERE stream_id = ANY (%s) AND due_at > now()", (streams,)
            )

    async def undone() -> list[Any]:
        await pass_time()
        return await rows(
            pool, "SELECT state FROM segments WHERE stream_id = ANY (%s::uuid[]) AND ended_at IS NULL", streams
        )

    for number in range(KILLS):
        with keeper(settings) as process:
            assert number == 0 or await is_ready(process)  # else it is killed while it starts
            await pass_time()
    with keeper(settings), keeper(settings):
        await eventually(undone, lambda left: not left)
    for stream in streams:
        found = await rows(
            pool,
            "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'type' FROM outbox WHERE key = %s "
            "AND convert_from(payload, 'UTF8')::jsonb ->> 'type' LIKE 'segment.%%' ORDER BY seq",
            stream,
        )
        moves = [kind.partition(".")[2] for (kind,) in found]
        assert moves == ["queued"] * CLIPS + ["loading", "started", "played"] * CLIPS
