"""All SQL of own overlays."""

from collections.abc import Sequence
from uuid import UUID

from domain.overlays.model import Overlay
from livestreamx.engines.postgres import Db, struct_row

SELECT = """
SELECT o.key, o.kind, o.x, o.y, o.width, o.height, o.asset_id, a.kind AS asset_kind, o.text, o.enabled
FROM overlays o LEFT JOIN assets a ON a.id = o.asset_id
"""


async def of_creator(db: Db, creator_id: UUID) -> list[Overlay]:
    """A creator's overlays, the lowest first."""
    async with db.cursor(row_factory=struct_row(Overlay)) as cursor:
        await cursor.execute(SELECT + "WHERE o.creator_id = %s ORDER BY o.place", (creator_id,))
        return await cursor.fetchall()


async def replace(db: Db, creator_id: UUID, overlays: Sequence[Overlay]) -> None:
    """These, in this order, in place of all that were there."""
    await db.execute("DELETE FROM overlays WHERE creator_id = %s", (creator_id,))
    rows = [
        (creator_id, place, one.key, one.kind, one.x, one.y, one.width, one.height, one.asset_id, one.text, one.enabled)
        for place, one in enumerate(overlays, 1)
    ]
    async with db.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO overlays (creator_id, place, key, kind, x, y, width, height, asset_id, text, enabled) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )


async def shows(db: Db, asset_id: UUID) -> bool:
    """Whether a file lies over somebody's shows, or behind one."""
    done = await db.execute(
        "SELECT FROM overlays WHERE asset_id = %(id)s UNION ALL SELECT FROM scenes WHERE background_asset_id = %(id)s "
        "LIMIT 1",
        {"id": asset_id},
    )
    return done.rowcount > 0
