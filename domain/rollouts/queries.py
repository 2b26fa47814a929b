"""What admins decided, in PostgreSQL."""

from uuid import UUID

from domain.rollouts.model import Feature, Rollout
from livestreamx.engines.postgres import Db, struct_row

ROLLOUT = """
SELECT feature, is_on, share, handle AS changed_by, changed_at
FROM rollouts LEFT JOIN users ON users.id = changed_by
"""


async def decided(db: Db) -> list[Rollout]:
    """All that somebody ever decided about."""
    async with db.cursor(row_factory=struct_row(Rollout)) as cursor:
        await cursor.execute(ROLLOUT)
        return await cursor.fetchall()


async def decide(db: Db, feature: Feature, is_on: bool, share: int, admin_id: UUID) -> None:
    await db.execute(
        "INSERT INTO rollouts (feature, is_on, share, changed_by) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (feature) DO UPDATE SET is_on = excluded.is_on, share = excluded.share, "
        "changed_by = excluded.changed_by, changed_at = now()",
        (feature, is_on, share, admin_id),
    )
