"""All SQL of mood maps."""

from uuid import UUID

from psycopg.types.json import Jsonb

from domain.moodmaps.model import MoodMap
from livestreamx.engines.postgres import Db, struct_row


async def find(db: Db, creator_id: UUID) -> MoodMap | None:
    """As it was set, if it was."""
    async with db.cursor(row_factory=struct_row(MoodMap)) as cursor:
        await cursor.execute(
            "SELECT map -> 'looks' AS looks, (map ->> 'dwellSeconds')::int AS \"dwellSeconds\" FROM mood_maps "
            "WHERE creator_id = %s",
            (creator_id,),
        )
        return await cursor.fetchone()


async def put(db: Db, creator_id: UUID, chosen: MoodMap) -> None:
    await db.execute(
        "INSERT INTO mood_maps (creator_id, map) VALUES (%s, %s) "
        "ON CONFLICT (creator_id) DO UPDATE SET map = excluded.map, changed_at = clock_timestamp()",
        (creator_id, Jsonb(chosen)),
    )
