"""All SQL of the audit log; the database itself forbids to change or delete its rows."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.audit.model import Entry
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


async def newest(db: Db, before: UUID | None, limit: int, channel_id: UUID | None) -> list[Entry]:
    """Entries, newest first (their ids rise with time), of one channel or all; `before` continues after that entry."""
    async with db.cursor(row_factory=struct_row(Entry)) as cursor:
        await cursor.execute(
            "SELECT id, actor_id, action, subject, before, after, request_id, created_at FROM audit_log "
            "WHERE id < coalesce(%(before)s, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) "
            "AND (%(channel)s::uuid IS NULL OR channel_id = %(channel)s) ORDER BY id DESC LIMIT %(limit)s",
            {"before": before, "channel": channel_id, "limit": limit},
        )
        return await cursor.fetchall()
