"""All SQL of viewing histories: the choices in PostgreSQL, what was watched in ClickHouse."""

from datetime import UTC, datetime
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.history.model import Choice
from livestreamx.engines.postgres import Db, struct_row

WATCHED = """
SELECT stream_id, min(occurred_at) AS first, max(occurred_at) AS last,
       arraySum(gap -> if(gap <= {gap:Int64}, gap, 0),
                arrayDifference(arraySort(groupArray(toUnixTimestamp64Micro(occurred_at))))) / 60e6
FROM presence FINAL
WHERE user_id = {user:UUID} AND user_id != creator_id AND occurred_at >= fromUnixTimestamp64Micro({since:Int64})
GROUP BY stream_id
HAVING last < fromUnixTimestamp64Micro({before:Int64})
ORDER BY last DESC, stream_id
LIMIT {limit:UInt32}
"""


async def choice(db: Db, user_id: UUID) -> Choice:
    """What somebody chose; the default for who never did."""
    async with db.cursor(row_factory=struct_row(Choice)) as cursor:
        await cursor.execute("SELECT opt_out, history_since FROM history_choices WHERE user_id = %s", (user_id,))
        return await cursor.fetchone() or Choice()


async def choose(db: Db, user_id: UUID, opt_out: bool, since: datetime) -> None:
    """Nothing before `since` may be known any more."""
    await db.execute(
        "INSERT INTO history_choices (user_id, opt_out, history_since) VALUES (%s, %s, %s) "
        "ON CONFLICT (user_id) DO UPDATE SET opt_out = excluded.opt_out, history_since = excluded.history_since",
        (user_id, opt_out, since),
    )


async def watched(
    clickhouse: AsyncClient, user_id: UUID, *, since: datetime | None, before: datetime, gap_seconds: int, limit: int
) -> list[tuple[UUID, datetime, datetime, float]]:
    """Streams with first and last sign and minutes, the latest first."""
    found = await clickhouse.query(
        WATCHED,
        parameters={
            "user": str(user_id),
            "since": int(since.timestamp() * 1e6) if since else 0,
            "before": int(before.timestamp() * 1e6),
            "gap": gap_seconds * 1_000_000,
            "limit": limit,
        },
    )
    return [(UUID(str(stream)), _utc(first), _utc(last), minutes) for stream, first, last, minutes in found.result_rows]


def _utc(at: datetime) -> datetime:
    """ClickHouse's times are UTC and do not say so."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
