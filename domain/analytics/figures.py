"""The key figures of many streams at once, for a list of them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient

# Cells of a day are few: a stream has one for each day and kind of act.
FIGURES = """
SELECT stream, sum(watched) / 60000 AS minutes, max(most) AS peak, sum(said) AS messages, sum(given) AS tokens
FROM (
    SELECT stream_id AS stream, watched_ms AS watched, audience_cells.peak AS most, 0 AS said, 0 AS given
    FROM audience_cells FINAL WHERE stream_id IN {streams:Array(UUID)} AND grain = 86400
    UNION ALL
    SELECT about AS stream, 0, 0, if(act = 'message', count, 0), if(act = 'gift', act_cells.tokens, 0)
    FROM act_cells FINAL WHERE about IN {streams:Array(UUID)} AND grain = 86400 AND act IN ('message', 'gift')
)
GROUP BY stream"""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a stream so far."""

    minutes_watched: float = 0.0
    peak: int = 0
    messages: int = 0
    tokens: int = 0


async def figures_of(clickhouse: AsyncClient, stream_ids: Sequence[UUID]) -> dict[UUID, Figures]:
    """The figures of each of these streams that has any."""
    if not stream_ids:
        return {}
    found = await clickhouse.query(FIGURES, parameters={"streams": [str(one) for one in stream_ids]})
    return {
        UUID(str(stream)): Figures(minutes_watched=minutes, peak=int(peak), messages=int(messages), tokens=int(tokens))
        for stream, minutes, peak, messages, tokens in found.result_rows
    }
