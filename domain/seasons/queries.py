"""All SQL of seasons."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from domain.seasons.model import KEPT, Placing, Result
from livestreamx.engines.postgres import Db, struct_row

Plain = psycopg.Connection[TupleRow]

PATRONS = """
SELECT from_user_id, sum(paid)::bigint AS given FROM gift_events
WHERE created_at >= %s AND created_at < %s AND state <> 'refunded' AND from_user_id <> to_creator_id AND paid > 0
GROUP BY from_user_id ORDER BY given DESC, max(created_at), from_user_id LIMIT %s
"""


def close(db: Plain, season: str, ended_at: datetime) -> bool:
    """Whether nobody had closed it before; whoever comes at the same time waits for the first."""
    done = db.execute("INSERT INTO seasons (ref, ended_at) VALUES (%s, %s) ON CONFLICT DO NOTHING", (season, ended_at))
    return done.rowcount == 1


def patrons(db: Plain, since: datetime, until: datetime) -> list[tuple[UUID, int]]:
    """Who gave the most paid tokens that were not taken back, of equals the one who got there first."""
    return [(row[0], row[1]) for row in db.execute(PATRONS, (since, until, KEPT)).fetchall()]


def keep(db: Plain, season: str, results: Sequence[Result]) -> None:
    with db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO season_results (season, board, rank, user_id, score) VALUES (%s, %s, %s, %s, %s)",
            [(season, one.board, one.rank, one.user_id, one.score) for one in results],
        )


async def placings(db: Db, user_id: UUID, limit: int) -> list[Placing]:
    """How somebody's seasons ended, the latest first and one board each: that with the best rank."""
    async with db.cursor(row_factory=struct_row(Placing)) as cursor:
        await cursor.execute(
            "SELECT * FROM (SELECT DISTINCT ON (s.ended_at) r.season, s.ended_at, r.board, r.rank, r.score "
            "FROM season_results r JOIN seasons s ON s.ref = r.season WHERE r.user_id = %s "
            "ORDER BY s.ended_at DESC, r.rank, r.board) best ORDER BY ended_at DESC LIMIT %s",
            (user_id, limit),
        )
        return await cursor.fetchall()
