"""Keeping files: their bytes lie in the platform's folder, what they are lies in the database."""

import asyncio
import re
from pathlib import Path
from uuid import UUID

from domain.accounts.tokens import Claims
from domain.assets import queries
from domain.assets.model import (
    KINDS,
    MOST_ASSETS,
    MOST_BYTES,
    MOST_NAME_CHARACTERS,
    Asset,
    AssetTooLarge,
    NotAnAsset,
    TooManyAssets,
    UnknownAsset,
    kind_of,
)
from domain.assets.owning import find_own
from domain.commands.scenes import tell_again
from domain.files import Arriving
from domain.overlays import queries as overlays
from domain.text import clean_text
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool, connection, transaction

FILE_NAME = re.compile(rf"[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}\.(?:{'|'.join(KINDS)})")


async def keep(pool: Pool, folder: Path, owner_id: UUID, body: bytes, name: str) -> Asset:
    """A new file of somebody's. `AssetTooLarge`, `NotAnAsset` by its first bytes, `TooManyAssets`."""
    if len(body) > MOST_BYTES:
        raise AssetTooLarge()
    kind = kind_of(body)
    if kind is None:
        raise NotAnAsset()
    asset_id = uuid7()
    file = Arriving(folder, str(asset_id))
    try:
        file.write(body)
        await asyncio.to_thread(file.settle, kind)
        async with transaction(pool) as db:
            await queries.lock_owner(db, owner_id)
            if await queries.count(db, owner_id) >= MOST_ASSETS:
                raise TooManyAssets()
            title = clean_text(name)[:MOST_NAME_CHARACTERS]
            return await queries.insert(db, asset_id, owner_id, kind=kind, name=title, size=len(body))
    except BaseException:
        file.discard()
        raise


async def of_owner(pool: Pool, owner_id: UUID) -> list[Asset]:
    """Somebody's files, the latest first."""
    async with connection(pool) as db:
        return await queries.of_owner(db, owner_id)


async def remove(pool: Pool, folder: Path, claims: Claims, asset_id: UUID, request_id: str) -> None:
    """Take a file away, and from where it was in use: shows that are on go on without it."""
    async with transaction(pool) as db:
        await queries.lock_owner(db, claims.sub)
        asset = await find_own(db, claims.sub, asset_id)
        was_shown = await overlays.shows(db, asset_id)
        await queries.delete(db, asset)
        if was_shown:
            await tell_again(db, claims, request_id)
    (folder / asset.path.rsplit("/", 1)[1]).unlink(missing_ok=True)


def read(folder: Path, name: str) -> bytes:
    """The bytes of a file that somebody keeps; `UnknownAsset`."""
    if not FILE_NAME.fullmatch(name):
        raise UnknownAsset()
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise UnknownAsset() from error
