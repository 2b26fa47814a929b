"""All SQL of the audit log; the database itself forbids to change or delete its rows."""

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from domain.audit.model import Entry, Search
from livestreamx.engines.postgres import Db, struct_row


async def insert(
    db: Db,
    *,
    actor_id: UUID | None,
    action: str,
    subject: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    request_id: str,
    channel_id: UUID | None,
) -> None:
    await db.execute(
        "INSERT INTO audit_log (actor_id, action, subject, before, after, request_id, channel_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            actor_id,
            action,
            subject,
            None if before is None else Jsonb(before),
            None if after is None else Jsonb(after),
            request_id,
            channel_id,
        ),
    )


NEWEST = """
SELECT a.id, a.actor_id, u.handle AS actor, s.handle AS about, a.action, a.subject, a.before, a.after, a.request_id,
       a.created_at
FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id
LEFT JOIN users s ON s.id = CASE WHEN a.subject ~ '^user:[0-9a-f-]{36}$' THEN substr(a.subject, 6)::uuid END
WHERE a.id < coalesce(%(before)s, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND (%(channel_id)s::uuid IS NULL OR a.channel_id = %(channel_id)s)
  AND (%(actor)s::text IS NULL OR a.actor_id = (SELECT id FROM users WHERE handle = %(actor)s))
  AND (%(action)s::text IS NULL OR strpos(a.action, %(action)s) > 0)
  AND (%(since)s::timestamptz IS NULL OR a.created_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR a.created_at < %(until)s)
ORDER BY a.id DESC LIMIT %(limit)s
"""


async def newest(db: Db, before: UUID | None, limit: int, search: Search) -> list[Entry]:
    """Entries, newest first (their ids rise with time); `before` continues after that entry."""
    async with db.cursor(row_factory=struct_row(Entry)) as cursor:
        await cursor.execute(NEWEST, {"before": before, "limit": limit, **msgspec.structs.asdict(search)})
        return await cursor.fetchall()
