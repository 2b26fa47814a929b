"""Choosing how one's channel looks in each mood."""

from uuid import UUID

from domain.moodmaps import queries
from domain.moodmaps.model import MoodMap
from livestreamx.engines.postgres import Db, Pool, transaction


async def map_of(db: Db, creator_id: UUID) -> MoodMap:
    """The creator's map; an empty one until they choose."""
    return await queries.find(db, creator_id) or MoodMap()


async def choose(pool: Pool, creator_id: UUID, chosen: MoodMap) -> MoodMap:
    """Put a map in place of the one before; `ContrastTooLow`."""
    chosen.check()
    async with transaction(pool) as db:
        await queries.put(db, creator_id, chosen)
    return chosen
