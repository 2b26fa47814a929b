"""Who gives, or is given to, faster than people do is shown to the admins, once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from livestreamx.clock import now, uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.engines.redis import connect_plain
from livestreamx.events import GiftSent
from livestreamx.settings import Settings
from pipelines import velocity
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from tests.flows.chunks import chunks_of
from tests.integration.people import Person


def gift(sender: UUID, creator: UUID, tokens: int) -> GiftSent:
    parts: dict[str, Any] = {"code": "CROWN", "qty": 1, "tokens": tokens, "paid": tokens, "bonus": 0, "handle": "h"}
    ids = {"stream_id": uuid7(), "creator_id": creator, "user_id": sender}
    return GiftSent(gift_event_id=uuid7(), occurred_at=now(), **ids, **parts)


def watch(settings: Settings, gifts: list[GiftSent]) -> None:
    """Let the flow see the gifts twice, and die before it has told."""
    with connect_plain(settings.redis_url) as redis:
        flags = velocity.Flags(redis, settings.postgres_url)
        write = chunk_writer(Fence(redis, f"velocity-{uuid7()}"), velocity.count)
        write(chunks_of([*gifts, *gifts], topic="economy"))
        flags.after((), [])
        flags.after((), [])


async def raised(pool: Pool, user: UUID) -> list[tuple[str, str, int]]:
    async with pool.connection() as db:
        done = await db.execute(
            "SELECT kind, subject, (evidence ->> 'limit')::int FROM fraud_flags WHERE user_id = %s", (user,)
        )
        return await done.fetchall()


@pytest.mark.parametrize(
    ("tokens", "flags"), [(velocity.TOKENS_AN_HOUR // 5, 1), (velocity.TOKENS_AN_HOUR // 5 - 1, 0)]
)
async def test_tokens_of_an_hour(api: AsyncClient, pool: Pool, settings: Settings, tokens: int, flags: int) -> None:
    sender = await Person.register(api)
    await asyncio.to_thread(watch, settings, [gift(sender.id, uuid7(), tokens) for _ in range(5)])
    assert await raised(pool, sender.id) == [("velocity", "tokens", velocity.TOKENS_AN_HOUR)] * flags


async def test_many_new_accounts_for_one_creator(api: AsyncClient, pool: Pool, settings: Settings) -> None:
    creator = await Person.creator(api)
    givers = [uuid7() for _ in range(velocity.NEW_GIVERS_AN_HOUR)]
    await asyncio.to_thread(watch, settings, [gift(giver, creator.id, 5) for giver in givers[:-1]])
    assert await raised(pool, creator.id) == []
    await asyncio.to_thread(watch, settings, [gift(giver, creator.id, 5) for giver in givers])
    assert await raised(pool, creator.id) == [("velocity", "new_givers", velocity.NEW_GIVERS_AN_HOUR)]
