"""Who gives and who is given in every load: people with a million paid tokens each, and creators who are live."""

import secrets
from uuid import UUID

import msgspec

from domain.economy import service
from domain.economy.catalogue import GIFTS
from domain.economy.queries import upsert_gifts
from livestreamx.engines.postgres import Pool, transaction

SENDERS, CREATORS = 2000, 50


class World(msgspec.Struct, frozen=True):
    senders: list[UUID]
    streams: list[UUID]


async def make_world(pool: Pool) -> World:
    """A world of its own in a migrated database."""
    async with transaction(pool) as db:
        await upsert_gifts(db, GIFTS)
    return World(await people(pool, SENDERS), await shows(pool, await people(pool, CREATORS)))


async def people(pool: Pool, count: int) -> list[UUID]:
    """Users with wallets."""
    async with transaction(pool) as db:
        found = await db.execute(
            "INSERT INTO users (handle, password_hash) SELECT %s || number, 'x' "
            "FROM generate_series(1, %s) number RETURNING id",
            (f"b{secrets.token_hex(3)}_", count),
        )
        ids: list[UUID] = [row[0] for row in await found.fetchall()]
        for user in ids:
            await service.open_wallet(db, user, 0, "")
            await service.grant(db, user, 1_000_000, "purchase")
        await db.execute("DELETE FROM outbox")
    return ids


async def shows(pool: Pool, creators: list[UUID]) -> list[UUID]:
    """A live stream of each."""
    async with transaction(pool) as db:
        found = await db.execute(
            "INSERT INTO streams (creator_id, title, status, started_at) "
            "SELECT unnest(%s::uuid[]), 'Bench', 'live', now() RETURNING id",
            (creators,),
        )
        return [row[0] for row in await found.fetchall()]
