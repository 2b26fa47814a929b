"""Choosing what lies over one's shows; shows that are on see it at once."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.accounts.tokens import Claims
from domain.assets import queries as assets
from domain.assets.owning import find_picture
from domain.commands.scenes import tell_again
from domain.overlays import queries
from domain.overlays.model import Overlay, check
from domain.text import clean_text
from livestreamx.engines.postgres import Pool, connection, transaction


async def of_creator(pool: Pool, creator_id: UUID) -> list[Overlay]:
    """A creator's overlays, the lowest first."""
    async with connection(pool) as db:
        return await queries.of_creator(db, creator_id)


async def choose(pool: Pool, claims: Claims, wished: Sequence[Overlay], request_id: str) -> list[Overlay]:
    """These in place of the ones before. `BadOverlay`, `UnknownAsset`, also for files of others, `NotAPicture`."""
    cleaned = [msgspec.structs.replace(one, text=clean_text(one.text)) for one in wished]
    check(cleaned)
    async with transaction(pool) as db:
        await assets.lock_owner(db, claims.sub)
        for asset_id in {one.asset_id for one in cleaned if one.asset_id}:
            await find_picture(db, claims.sub, asset_id)
        before = await queries.of_creator(db, claims.sub)
        await queries.replace(db, claims.sub, cleaned)
        after = await queries.of_creator(db, claims.sub)
        if after != before:
            await tell_again(db, claims, request_id)
    return after
