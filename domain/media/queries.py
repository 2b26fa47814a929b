"""All SQL of media publishers. What is told in the wrong order or twice ends the same."""

from datetime import datetime
from uuid import UUID

from livestreamx.engines.postgres import Db


async def note_arrival(db: Db, stream_id: UUID, session: str, joined_ms: int) -> None:
    """A stay began; one that is known already, or began before the last one, changes nothing."""
    await db.execute(
        "INSERT INTO media_publishers AS known (stream_id, session, joined_ms) VALUES (%s, %s, %s) "
        "ON CONFLICT (stream_id) DO UPDATE "
        "SET session = excluded.session, joined_ms = excluded.joined_ms, lost_at = NULL "
        "WHERE known.session <> excluded.session AND known.joined_ms <= excluded.joined_ms",
        (stream_id, session, joined_ms),
    )


async def note_departure(db: Db, stream_id: UUID, session: str, joined_ms: int, at: datetime) -> None:
    """A stay ended, whether or not its beginning was told; that of an earlier one changes nothing."""
    await db.execute(
        "INSERT INTO media_publishers AS known (stream_id, session, joined_ms, lost_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (stream_id) DO UPDATE "
        "SET session = excluded.session, joined_ms = excluded.joined_ms, lost_at = excluded.lost_at "
        "WHERE (known.session = excluded.session AND known.lost_at IS NULL) "
        "OR (known.session <> excluded.session AND known.joined_ms < excluded.joined_ms)",
        (stream_id, session, joined_ms, at),
    )


async def abandoned(db: Db, before: datetime) -> UUID | None:
    """A live stream whose publisher was lost before this time; it is locked, and passed over where others hold it."""
    done = await db.execute(
        "SELECT s.id FROM media_publishers p JOIN streams s ON s.id = p.stream_id "
        "WHERE p.lost_at < %s AND s.status = 'live' ORDER BY p.lost_at LIMIT 1 FOR UPDATE OF s, p SKIP LOCKED",
        (before,),
    )
    row = await done.fetchone()
    return row[0] if row else None
