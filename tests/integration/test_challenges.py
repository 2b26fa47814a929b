"""Challenges: made, started and ended by time, by what was counted, or with the stream; each move once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.interactions.challenges import service
from domain.interactions.challenges.model import SETTLE_SECONDS
from livestreamx import keys
from livestreamx.clock import now, now_ms
from livestreamx.engines.postgres import Pool
from tests.integration.commanding import give, rich, rows, run_due
from tests.integration.interacting import Scene, pass_time, scene, told
from tests.integration.people import Person, refusal

CHALLENGE = {"type": "reactions", "target": 20, "durationS": 60, "reward": "<b>I sing</b>"}
PRESENT_SECONDS = 45


async def start(on: Scene, **changed: Any) -> dict[str, Any]:
    answer = await on.moderator.ask("POST", f"{on.path}/challenges", json=CHALLENGE | changed)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def advance(pool: Pool, redis: AsyncRedis) -> None:
    """What the keeper does in one look."""
    for due in await service.what_is_on(pool):
        await service.advance(pool, redis, due, PRESENT_SECONDS)


async def counted(redis: AsyncRedis, on: Scene, challenge: str, given: dict[Person, int]) -> None:
    """As the dataflow would have counted."""
    fields = {"id": challenge, "progress": sum(given.values())}
    await redis.hset(keys.challenge(on.creator.id), mapping=fields)
    await redis.hset(keys.challenge_people(challenge), mapping={str(who.id): much for who, much in given.items()})


async def look(on: Scene) -> dict[str, Any]:
    found: dict[str, Any] = (await on.viewer.api.get(f"{on.path}/challenges")).json()["items"][0]
    return found


async def test_a_challenge_starts_shows_progress_and_is_completed_with_its_contributors(
    api: AsyncClient, pool: Pool, redis: AsyncRedis
) -> None:
    on = await scene(api, pool)
    made = await start(on)
    assert (made["state"], made["reward"], made["by"]) == ("pending", "<b>I sing</b>", on.moderator.handle)
    await pass_time(pool, "challenges", on.stream, -60)  # a minute to look at it in
    await advance(pool, redis)
    assert (await look(on))["state"] == "pending"
    await pass_time(pool, "challenges", on.stream, 65)
    await asyncio.gather(*(advance(pool, redis) for _ in range(3)))
    await counted(redis, on, made["id"], {on.viewer: 12, on.creator: 3})
    await advance(pool, redis)
    shown = await look(on)
    assert (shown["state"], shown["progress"], shown["contributors"]) == ("active", 15, 2)
    await counted(redis, on, made["id"], {on.viewer: 12, on.creator: 3, on.moderator: 6})
    await asyncio.gather(*(advance(pool, redis) for _ in range(3)))
    shown = await look(on)
    assert (shown["state"], shown["progress"], shown["contributors"]) == ("completed", 21, 3)
    parts = await told(pool, on.stream, "challenge.contributed")
    assert {(UUID(part["user_id"]), part["amount"]) for part in parts} == {(on.viewer.id, 12), (on.moderator.id, 6)}
    for kind in ("created", "started", "completed"):
        assert len(await told(pool, on.stream, f"challenge.{kind}")) == 1


async def test_what_is_not_reached_in_time_has_failed(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on = await scene(api, pool)
    made = await start(on)
    await pass_time(pool, "challenges", on.stream, 5)
    await advance(pool, redis)
    await counted(redis, on, made["id"], {on.viewer: 19})
    ends_at = datetime.fromisoformat((await look(on))["endsAt"])
    await pass_time(pool, "challenges", on.stream, (ends_at - now()).total_seconds())
    await advance(pool, redis)
    found = await rows(pool, "SELECT ended_at - ends_at FROM challenges WHERE id = %s", made["id"])
    after = found[0][0]
    assert after is None or after >= timedelta(seconds=SETTLE_SECONDS), "acts of its last moment may be on their way"
    await pass_time(pool, "challenges", on.stream, 3)
    await advance(pool, redis)
    assert ((await look(on))["state"], (await look(on))["progress"]) == ("failed", 19)
    assert await told(pool, on.stream, "challenge.contributed") == []
    await start(on)


async def test_one_at_a_time_and_called_off_once(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on = await scene(api, pool)
    answers = await asyncio.gather(*(on.creator.ask("POST", f"{on.path}/challenges", json=CHALLENGE) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 4
    made = (await look(on))["id"]
    cancelled = await on.moderator.ask("POST", f"{on.path}/challenges/{made}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = await on.moderator.ask("POST", f"{on.path}/challenges/{made}/cancel")
    assert refusal(again) == (409, "challenge_over")
    await pass_time(pool, "challenges", on.stream, 100)
    await advance(pool, redis)
    assert (await look(on))["state"] == "cancelled"
    assert len(await told(pool, on.stream, "challenge.cancelled")) == 1


async def test_a_challenge_ends_with_its_stream(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on = await scene(api, pool)
    await start(on)
    await on.creator.ask("POST", f"{on.path}/end")
    await advance(pool, redis)
    assert (await look(on))["state"] == "cancelled"
    assert [event["reason"] for event in await told(pool, on.stream, "challenge.cancelled")] == ["stream_ended"]


async def test_who_watches_has_a_part_in_a_challenge_of_viewers(
    api: AsyncClient, pool: Pool, redis: AsyncRedis
) -> None:
    on = await scene(api, pool)
    made = await start(on, type="concurrents", target=3)
    await pass_time(pool, "challenges", on.stream, 5)
    await advance(pool, redis)
    await redis.hset(keys.challenge(on.creator.id), mapping={"id": made["id"], "progress": 3})
    await redis.zadd(keys.room_viewers(on.stream), {f"user:{on.viewer.id}": now_ms(), "anon:1": now_ms(), "anon:2": 0})
    await advance(pool, redis)
    assert (await look(on))["state"] == "completed"
    parts = await told(pool, on.stream, "challenge.contributed")
    assert [UUID(part["user_id"]) for part in parts] == [on.viewer.id]


async def test_what_does_not_fit_is_refused_and_who_may_not_is_told_so(api: AsyncClient, pool: Pool) -> None:
    on, other = await scene(api, pool), await scene(api, pool)
    for bad in (
        {"type": "dances"}, {"target": 0}, {"target": 2_000_000_000}, {"target": "9"}, {"durationS": 14},
        {"durationS": 14_401}, {"reward": "x" * 81}, {"html": "x"},
    ):  # fmt: skip
        answer = await on.creator.ask("POST", f"{on.path}/challenges", json=CHALLENGE | bad)
        assert refusal(answer)[0] == 422, bad
    assert (await api.get(f"{on.path}/challenges")).json()["items"] == []
    assert refusal(await on.viewer.ask("POST", f"{on.path}/challenges", json=CHALLENGE)) == (403, "forbidden")
    made = (await start(on))["id"]
    assert refusal(await on.viewer.ask("POST", f"{on.path}/challenges/{made}/cancel")) == (403, "forbidden")
    for path in (f"{other.path}/challenges/{made}/cancel", f"{other.path}/challenges/{uuid4()}/cancel"):
        assert refusal(await other.creator.ask("POST", path)) == (404, "challenge_not_found")


async def test_a_command_gift_helps_the_challenge_that_is_on(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> None:
    on = await scene(api, pool)
    fan = await rich(api)
    assert refusal(await give(fan, on.stream, "HAMMER")) == (422, "command_not_allowed")
    made = await start(on)
    await pass_time(pool, "challenges", on.stream, 5)
    await advance(pool, redis)
    assert (await give(fan, on.stream, "HAMMER")).status_code == 201
    await run_due(pool)
    (helped,) = await told(pool, on.stream, "challenge.progress")
    assert (helped["challenge_id"], helped["user_id"]) == (made["id"], str(fan.id))
    assert helped["points"] > 0
