"""Reading what was said in a show: around a moment, and along with its recording."""

import asyncio

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.replay import queries
from domain.replay.model import Line, Said, Stretch
from livestreamx.engines.postgres import Pool, connection


async def said(pool: Pool, clickhouse: AsyncClient, stretch: Stretch, most: int) -> Said:
    """At most so many lines of a stretch, without what was cleared or taken back.

    Whether the visitor may know of the stream is for the caller to ask.
    """
    found, cleared = await asyncio.gather(
        queries.said(clickhouse, stretch, most + 1), queries.cleared(clickhouse, stretch.stream_id)
    )
    lines = found[:most]
    async with connection(pool) as db:
        gone = await queries.deleted_among(db, [line.message_id for line in lines])

    def stays(line: Line) -> bool:
        until = [cleared[target] for target in ("", str(line.user_id)) if target in cleared]
        return line.message_id not in gone and all(line.at > when for when in until)

    place = (lines[-1].at, lines[-1].message_id) if len(found) > most else None
    return Said(lines=tuple(filter(stays, lines)), place=place)
