"""Looking at one moment of a stream."""

import asyncio
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.moments import queries
from domain.moments.model import AFTER, BEFORE, LASTS, MOST_LINES, Scene, UnknownMoment
from domain.replay.model import Stretch
from domain.replay.service import said
from livestreamx.engines.postgres import Pool


async def look(pool: Pool, clickhouse: AsyncClient, stream_id: UUID, moment_id: UUID) -> Scene:
    """The moment with the chat around it, its reactions and its gifts. `UnknownMoment`.

    Whether the visitor may know of the stream is for the caller to ask.
    """
    moment = await queries.find(clickhouse, stream_id, moment_id)
    if moment is None:
        raise UnknownMoment()
    around = Stretch(stream_id=stream_id, since=moment.at - BEFORE, until=moment.at + LASTS + AFTER)
    told, moods, gifts = await asyncio.gather(
        said(pool, clickhouse, around, MOST_LINES),
        queries.moods(clickhouse, stream_id, moment.at),
        queries.gifts(clickhouse, stream_id, moment.at),
    )
    return Scene(moment=moment, lines=told.lines, moods=moods, gifts=tuple(gifts))
