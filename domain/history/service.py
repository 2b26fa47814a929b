"""Shows a viewer their history, deletes it, and keeps their choice about recommendations; each act with its event.

What must not be known any more goes at once from the store of habits; the event makes sure of it if Redis is away.
"""

from datetime import datetime
from uuid import UUID

import structlog
from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from domain.history import queries
from domain.history.model import Choice, Watched
from domain.streams import queries as streams
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.events import HistoryDeleted, RecommendationsChosen

log = structlog.get_logger("history")


async def watched(
    pool: Pool, clickhouse: AsyncClient, user_id: UUID, *, before: datetime | None, gap_seconds: int, limit: int
) -> tuple[list[Watched], datetime | None]:
    """What somebody watched and has not deleted, the latest first, and where the next page begins.

    Streams that are not public by now are left out.
    """
    async with connection(pool) as db:
        choice = await queries.choice(db, user_id)
        rows = await queries.watched(
            clickhouse,
            user_id,
            since=choice.history_since,
            before=before or now(),
            gap_seconds=gap_seconds,
            limit=limit,
        )
        shown = {stream.id: stream for stream in await streams.public_among(db, [row[0] for row in rows])}
    listed = [
        Watched(
            stream_id=stream_id,
            creator_id=shown[stream_id].creator_id,
            creator=shown[stream_id].creator,
            title=shown[stream_id].title,
            first=first,
            last=last,
            minutes=round(minutes, 2),
        )
        for stream_id, first, last, minutes in rows
        if stream_id in shown
    ]
    return listed, rows[-1][2] if len(rows) == limit else None


async def delete_history(pool: Pool, redis: AsyncRedis, user_id: UUID, request_id: str) -> None:
    """From now on nothing is known of what somebody watched before."""
    async with transaction(pool) as db:
        event = HistoryDeleted(user_id=user_id, opted_out=(await queries.choice(db, user_id)).opt_out)
        await queries.choose(db, user_id, event.opted_out, event.occurred_at)
        await record(db, event, request_id=request_id)
    await _forget(redis, user_id, "inf" if event.opted_out else repr(event.occurred_at.timestamp()))


async def choose(pool: Pool, redis: AsyncRedis, user_id: UUID, opt_out: bool, request_id: str) -> bool:
    """Opt out of recommendations made for oneself, or in again; whether that was a change."""
    event = RecommendationsChosen(user_id=user_id, opt_out=opt_out)
    async with transaction(pool) as db:
        if (await queries.choice(db, user_id)).opt_out == opt_out:
            return False
        await queries.choose(db, user_id, opt_out, event.occurred_at)
        await record(db, event, request_id=request_id)
    await _forget(redis, user_id, "inf" if opt_out else repr(event.occurred_at.timestamp()))
    return True


async def choice(pool: Pool, user_id: UUID) -> Choice:
    """What somebody chose."""
    async with connection(pool) as db:
        return await queries.choice(db, user_id)


async def _forget(redis: AsyncRedis, user_id: UUID, since: str) -> None:
    try:
        async with redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.forgotten(), str(user_id), since)
            pipe.delete(keys.habits(user_id))
            await pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("habits are forgotten when the event arrives", user=str(user_id), error=str(error))
