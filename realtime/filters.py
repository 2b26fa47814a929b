"""The filters of the channels that are talked in: remembered, and read again as soon as their version is another."""

import asyncio
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.chat import listing
from domain.chat.filters import ChatFilter
from domain.chat.versions import filters_version
from livestreamx.engines.postgres import Pool, connection

OLD_SECONDS = 30.0
IDLE_SECONDS = 600.0

log = structlog.get_logger("realtime")


class Rules(msgspec.Struct, frozen=True):
    """A channel's filter, the version it was read at, and when that was (s of the loop's clock)."""

    filter: ChatFilter
    version: bytes
    read_at: float


class Filters:
    """Knows each channel's filter; whoever finds its version outdated reads it anew. One a process."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self._pool, self._redis = pool, redis
        self._known: dict[UUID, Rules] = {}
        self._readings: dict[UUID, asyncio.Task[Rules]] = {}

    async def of(self, creator_id: UUID) -> Rules:
        """The rules as last read: a message that they let through is counted only if they are still in force.

        Should a change never have been told, they are read again behind the talk once they are old.
        """
        rules = self._known.get(creator_id)
        if rules is None:
            return await self.read(creator_id)
        if asyncio.get_running_loop().time() - rules.read_at > OLD_SECONDS:
            self._reading(creator_id)
        return rules

    async def in_force(self, creator_id: UUID, rules: Rules) -> bool:
        """Whether nothing was changed since."""
        return rules.version == await filters_version(self._redis, creator_id)

    async def read(self, creator_id: UUID) -> Rules:
        """The rules as they are now, or at a version that proves outdated; who asks meanwhile shares the reading."""
        return await asyncio.shield(self._reading(creator_id))

    def _reading(self, creator_id: UUID) -> asyncio.Task[Rules]:
        task = self._readings.get(creator_id)
        if task is None:
            task = self._readings[creator_id] = asyncio.create_task(self._read(creator_id))
            task.add_done_callback(lambda done: self._end(creator_id, done))
        return task

    async def _read(self, creator_id: UUID) -> Rules:
        at, known = asyncio.get_running_loop().time(), self._known.get(creator_id)
        # The version first: what changes while the lists are read has another one.
        version = await filters_version(self._redis, creator_id)
        async with connection(self._pool) as db:
            found = await listing.filter_of(db, creator_id, known.filter if known else None)
        self._forget_idle(at)
        rules = self._known[creator_id] = Rules(found, version, at)
        return rules

    def _end(self, creator_id: UUID, done: asyncio.Task[Rules]) -> None:
        del self._readings[creator_id]
        if not done.cancelled() and (error := done.exception()):
            log.warning("filter_not_read", creator_id=str(creator_id), error=str(error))

    def _forget_idle(self, at: float) -> None:
        for creator_id, rules in list(self._known.items()):
            if at - rules.read_at > IDLE_SECONDS:
                del self._known[creator_id]
