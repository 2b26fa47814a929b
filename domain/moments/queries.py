# ruff: noqa: S608 - every part of these statements is a constant of this module; what is asked for is a parameter
"""All SQL of moments."""

from datetime import datetime
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.analytics.model import Moment
from domain.moments.model import LASTS, GiftGiven
from domain.replay.queries import SPAN, in_utc, span

FIND = """
SELECT event_id, happened_at, score, messages, reactions, tokens FROM moments FINAL
WHERE stream_id = {stream:UUID} AND event_id = {moment:UUID} LIMIT 1
"""
MOODS = f"SELECT mood, count() AS number FROM reactions FINAL WHERE {SPAN} GROUP BY mood ORDER BY number DESC, mood"
GIFTS = f"""
SELECT handle, code, sum(qty), sum(tokens) AS worth FROM gifts FINAL
WHERE {SPAN} GROUP BY handle, code ORDER BY worth DESC, handle LIMIT 8
"""


async def find(clickhouse: AsyncClient, stream_id: UUID, moment_id: UUID) -> Moment | None:
    found = await clickhouse.query(FIND, parameters={"stream": str(stream_id), "moment": str(moment_id)})
    for key, at, score, messages, reactions, tokens in found.result_rows:
        return Moment(
            id=UUID(str(key)), at=in_utc(at), score=score, messages=messages, reactions=reactions, tokens=tokens
        )
    return None


async def moods(clickhouse: AsyncClient, stream_id: UUID, at: datetime) -> dict[str, int]:
    """Reactions of the moment itself by mood, the most first."""
    found = await clickhouse.query(MOODS, parameters=span(stream_id, at, at + LASTS))
    return {str(mood): int(number) for mood, number in found.result_rows}


async def gifts(clickhouse: AsyncClient, stream_id: UUID, at: datetime) -> list[GiftGiven]:
    """Gifts of the moment itself, the dearest first."""
    found = await clickhouse.query(GIFTS, parameters=span(stream_id, at, at + LASTS))
    return [
        GiftGiven(handle=handle, code=code, qty=qty, tokens=tokens) for handle, code, qty, tokens in found.result_rows
    ]
