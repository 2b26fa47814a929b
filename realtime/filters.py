"""The filters of the channels that are talked in: remembered, and read again behind the talk once they are old."""

import asyncio
from uuid import UUID

import structlog
from psycopg import Error as DatabaseError

from domain.chat import listing
from domain.chat.filters import ChatFilter
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import DomainError

FRESH_SECONDS = 2.0
IDLE_SECONDS = 600.0

log = structlog.get_logger("realtime")


class _Entry:
    """One channel's filter, when it was read, and who reads it again."""

    __slots__ = ("filter", "read_at", "reading")

    def __init__(self, found: ChatFilter, read_at: float) -> None:
        self.filter, self.read_at = found, read_at
        self.reading: asyncio.Task[None] | None = None


class Filters:
    """Knows each channel's filter, at most `FRESH_SECONDS` and one reading old while there is talk; one a process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._entries: dict[UUID, _Entry] = {}

    async def of(self, creator_id: UUID) -> ChatFilter:
        """The channel's filter; nobody waits for it but who asks first."""
        at = asyncio.get_running_loop().time()
        entry = self._entries.get(creator_id)
        if entry is None or at - entry.read_at > IDLE_SECONDS:
            self._forget_idle(at)
            entry = self._entries[creator_id] = _Entry(await self._read(creator_id, None), at)
        elif at - entry.read_at > FRESH_SECONDS and entry.reading is None:
            entry.reading = asyncio.create_task(self._refresh(creator_id, entry, at))
        return entry.filter

    async def _refresh(self, creator_id: UUID, entry: _Entry, at: float) -> None:
        try:
            entry.filter = await self._read(creator_id, entry.filter)
            entry.read_at = at
        except (DatabaseError, DomainError, OSError) as error:
            log.warning("filter_not_refreshed", creator_id=str(creator_id), error=str(error))
        finally:
            entry.reading = None

    async def _read(self, creator_id: UUID, known: ChatFilter | None) -> ChatFilter:
        async with connection(self._pool) as db:
            return await listing.filter_of(db, creator_id, known)

    def _forget_idle(self, at: float) -> None:
        for creator_id, entry in list(self._entries.items()):
            if at - entry.read_at > IDLE_SECONDS:
                del self._entries[creator_id]
