"""Closing a season: its boards are copied, its best get badges and are told, all in one transaction and once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import structlog
from redis import Redis

from domain.badges.model import Award
from domain.badges.service import record_news
from domain.seasons import queries
from domain.seasons.model import BOARDS, KEPT, PRIZED, Closing, Result, ResultBoard
from domain.seasons.queries import Plain
from features.badges import of_rank
from features.leaderboards import Season, decompose, season_of
from livestreamx import keys

SETTLING = timedelta(hours=1)
"""How long after its end late acts still count for a season."""

log = structlog.get_logger("domain.seasons")


def due(at: datetime) -> Season:
    """The last season that is over at this moment, late acts included."""
    running = season_of(at - SETTLING)
    return season_of(running.start - timedelta(microseconds=1))


def close_season(db: Plain, boards: Redis, at: datetime) -> Closing:
    """Keep the first thousand of each board of the last season and award its best; again, nothing happens."""
    season = due(at)
    with db.transaction():
        if not queries.close(db, season.ref, season.end):
            return Closing(season=season.ref, results=0, badges=0)
        results = [result for board in BOARDS for result in standings(db, boards, season, board)]
        queries.keep(db, season.ref, results)
        awarded = record_news(db, [*prizes(results)])
    log.info("season_closed", season=season.ref, results=len(results), badges=len(awarded))
    return Closing(season=season.ref, results=len(results), badges=len(awarded))


def standings(db: Plain, boards: Redis, season: Season, board: ResultBoard) -> list[Result]:
    """The first thousand of a board of a season."""
    if board == "patrons":
        scores = queries.patrons(db, season.start, season.end)
    else:
        found = boards.zrevrange(keys.board(board, "season", season.ref), 0, KEPT - 1, withscores=True)
        scores = [(UUID(who.decode()), decompose(at)[0]) for who, at in cast(list[tuple[bytes, float]], found)]
    return [
        Result(board=board, rank=rank, user_id=user, score=score)
        for rank, (user, score) in enumerate(scores, 1)
        if score > 0
    ]


def prizes(results: list[Result]) -> Iterator[Award]:
    """The badges that these places bring."""
    for result in results:
        if result.board in PRIZED:
            for badge in of_rank(result.rank):
                yield Award(result.user_id, badge, None)
