"""Noting acts in the audit log, inside the act's own transaction, and reading it."""

from typing import Any
from uuid import UUID

from domain.audit import queries
from domain.audit.model import Entry, Search
from livestreamx.engines.postgres import Db, Pool, connection

EVERYTHING = Search()


async def note(
    db: Db,
    *,
    actor_id: UUID | None,
    action: str,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    request_id: str = "",
    channel_id: UUID | None = None,
) -> None:
    """Note who did what to whom; `actor_id` is None for the platform itself, `channel_id` whose order it concerns."""
    await queries.insert(
        db,
        actor_id=actor_id,
        action=action,
        subject=subject,
        before=before,
        after=after,
        request_id=request_id,
        channel_id=channel_id,
    )


async def read(pool: Pool, before: UUID | None, limit: int, search: Search = EVERYTHING) -> list[Entry]:
    """The log, newest first, all of it or what is searched for; `before` is the last entry of the page before."""
    async with connection(pool) as db:
        return await queries.newest(db, before, limit, search)
