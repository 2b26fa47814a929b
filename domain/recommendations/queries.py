"""All SQL of a recommendation, in one round trip."""

from datetime import timedelta
from uuid import UUID

from domain.recommendations.model import Grounds
from livestreamx.engines.postgres import Db, struct_row

GROUNDS = """
SELECT array(SELECT creator_id FROM follows WHERE follower_id = %(user)s::uuid) AS follows,
       array(SELECT creator_id FROM bans_in_force WHERE user_id = %(user)s::uuid) AS banned_by,
       coalesce((SELECT opt_out FROM history_choices WHERE user_id = %(user)s::uuid), false) AS opt_out,
       w.withdrawn, w.withdrawn_by
FROM (SELECT coalesce(array_agg(id), '{}') AS withdrawn, coalesce(array_agg(creator_id), '{}') AS withdrawn_by
      FROM streams WHERE changed_at > now() - %(span)s
      AND (status <> 'live' OR visibility <> 'public' OR (mature AND %(user)s::uuid IS NULL))) w
"""


async def grounds(db: Db, user_id: UUID | None, span: timedelta) -> Grounds:
    """For this viewer, None for the anonymous; `span` is how far back streams may have changed unnoticed."""
    async with db.cursor(row_factory=struct_row(Grounds)) as cursor:
        await cursor.execute(GROUNDS, {"user": user_id, "span": span})
        return (await cursor.fetchall())[0]
