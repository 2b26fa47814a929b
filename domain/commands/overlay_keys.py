"""The secret address of a creator's overlay: shown once, kept as its hash, changed at will."""

import hashlib
import secrets
from uuid import UUID

from domain.commands import queries
from livestreamx.engines.postgres import Db, Pool, transaction

KEY_BYTES = 24


def digest(key: str) -> bytes:
    """What is kept of a key; it is random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


async def rotate(pool: Pool, creator_id: UUID) -> str:
    """A new key; the one before stops working now."""
    key = secrets.token_urlsafe(KEY_BYTES)
    async with transaction(pool) as db:
        await queries.put_overlay_key(db, creator_id, digest(key))
    return key


async def has_key(db: Db, creator_id: UUID) -> bool:
    """Whether the creator has an overlay address at all."""
    return await queries.has_overlay_key(db, creator_id)


async def creator_of(db: Db, key: str) -> UUID | None:
    """Whose overlay the key opens; None for a key that is not good (any more)."""
    return await queries.creator_of_key(db, digest(key))
