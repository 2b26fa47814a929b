"""Looking at one moment of a stream."""

import asyncio
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.moments import queries
from domain.moments.model import Scene, UnknownMoment
from livestreamx.engines.postgres import Pool, connection


async def look(pool: Pool, clickhouse: AsyncClient, stream_id: UUID, moment_id: UUID) -> Scene:
    """The moment with the chat around it, its reactions and its gifts. `UnknownMoment`.

    Whether the visitor may know of the stream is for the caller to ask.
    """
    moment = await queries.find(clickhouse, stream_id, moment_id)
    if moment is None:
        raise UnknownMoment()
    lines, moods, gifts = await asyncio.gather(
        queries.said(clickhouse, stream_id, moment.at),
        queries.moods(clickhouse, stream_id, moment.at),
        queries.gifts(clickhouse, stream_id, moment.at),
    )
    async with connection(pool) as db:
        gone = await queries.deleted_among(db, [line.message_id for line in lines])
    kept = tuple(line for line in lines if line.message_id not in gone)
    return Scene(moment=moment, lines=kept, moods=moods, gifts=tuple(gifts))
