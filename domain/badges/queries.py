"""All SQL of badges and of the level that an account shows."""

from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from domain.badges.model import Award, Earned, Level
from livestreamx.engines.postgres import Db, struct_row
from livestreamx.events import Event, encode

Plain = psycopg.Connection[TupleRow]


def award(db: Plain, news: Award) -> bool:
    """Whether the badge is new."""
    row = db.execute("SELECT award_badge(%s, %s, %s)", (news.user_id, news.badge, news.room)).fetchone()
    return bool(row and row[0])


def raise_level(db: Plain, news: Level) -> bool:
    """Whether the account had not reached that level yet."""
    done = db.execute(
        "UPDATE users SET level = %(level)s, xp = greatest(xp, %(xp)s) WHERE id = %(user)s AND level < %(level)s",
        {"level": news.level, "xp": news.xp, "user": news.user_id},
    )
    return done.rowcount == 1


def record(db: Plain, event: Event) -> None:
    """Write an event in the act's own transaction; the relay brings it to Kafka."""
    db.execute(
        "INSERT INTO outbox (topic, key, payload) VALUES (%s, %s, %s)", (event.topic.name, event.key, encode(event))
    )


async def earned(db: Db, user_id: UUID) -> list[Earned]:
    """Somebody's badges, the latest first."""
    async with db.cursor(row_factory=struct_row(Earned)) as cursor:
        await cursor.execute(
            "SELECT badge, stream_id, earned_at FROM user_badges WHERE user_id = %s ORDER BY earned_at DESC, badge",
            (user_id,),
        )
        return await cursor.fetchall()
