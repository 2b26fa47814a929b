"""All SQL of mini-games. That a game keeps its seed and ends once is a trigger of its table."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.minigames.model import SETTLE_SECONDS, Minigame
from livestreamx.engines.postgres import Db, struct_row

SELECT = """SELECT id, stream_id, game, terms, seed, state, started_at, ends_at, bonus, draw, winner_id
            FROM minigames """


async def insert(
    db: Db, *, game_id: UUID, stream_id: UUID, game: str, terms: dict[str, Any], seed: bytes, seconds: int
) -> Minigame:
    async with db.cursor(row_factory=struct_row(Minigame)) as cursor:
        await cursor.execute(
            "INSERT INTO minigames (id, stream_id, game, terms, seed, started_at, ends_at) "
            "SELECT %s, %s, %s, %s, %s, at, at + make_interval(secs => %s) FROM clock_timestamp() AS at "
            "RETURNING id, stream_id, game, terms, seed, state, started_at, ends_at, bonus, draw, winner_id",
            (game_id, stream_id, game, Jsonb(terms), seed, seconds),
        )
        return (await cursor.fetchall())[0]


async def find(db: Db, game_id: UUID) -> Minigame | None:
    async with db.cursor(row_factory=struct_row(Minigame)) as cursor:
        await cursor.execute(SELECT + "WHERE id = %s", (game_id,))
        return await cursor.fetchone()


async def running_in(db: Db, stream_id: UUID) -> Minigame | None:
    """The game that is on in a stream."""
    async with db.cursor(row_factory=struct_row(Minigame)) as cursor:
        await cursor.execute(SELECT + "WHERE stream_id = %s AND state = 'running'", (stream_id,))
        return await cursor.fetchone()


async def running(db: Db) -> list[Minigame]:
    """All games that are on."""
    async with db.cursor(row_factory=struct_row(Minigame)) as cursor:
        await cursor.execute(SELECT + "WHERE state = 'running' ORDER BY ends_at")
        return await cursor.fetchall()


async def claim(db: Db, game_id: UUID) -> Minigame | None:
    """A running game that nobody else has while the transaction lasts."""
    async with db.cursor(row_factory=struct_row(Minigame)) as cursor:
        await cursor.execute(SELECT + "WHERE id = %s AND state = 'running' FOR UPDATE SKIP LOCKED", (game_id,))
        return await cursor.fetchone()


async def is_over(db: Db, game_id: UUID) -> bool:
    """Whether its time is up, and what was done in it has had time to be counted."""
    done = await db.execute(
        "SELECT ends_at + make_interval(secs => %s) <= clock_timestamp() FROM minigames WHERE id = %s",
        (SETTLE_SECONDS, game_id),
    )
    return bool((await done.fetchall())[0][0])


async def add_bonus(db: Db, stream_id: UUID, user: UUID, more: int) -> bool:
    """Points for the boss or tug that is on; whether there is one that still takes them."""
    done = await db.execute(
        "UPDATE minigames SET bonus = bonus || jsonb_build_object(%(user)s::text, "
        "coalesce((bonus ->> %(user)s)::int, 0) + %(more)s::int) "
        "WHERE stream_id = %(stream)s AND state = 'running' AND game <> 'wheel' AND ends_at > clock_timestamp()",
        {"user": str(user), "more": more, "stream": stream_id},
    )
    return done.rowcount == 1


async def finish(db: Db, game_id: UUID, state: str, draw: dict[str, Any], winner: UUID | None) -> None:
    await db.execute(
        "UPDATE minigames SET state = %s, draw = %s, winner_id = %s WHERE id = %s",
        (state, Jsonb(draw), winner, game_id),
    )


async def award(db: Db, user: UUID, badge: str) -> bool:
    """Give a badge that the user has not yet; whether it is new."""
    done = await db.execute("SELECT award_badge(%s, %s, NULL)", (user, badge))
    row = await done.fetchone()
    return bool(row and row[0])


async def handle_of(db: Db, user: UUID) -> str:
    """Empty for nobody."""
    done = await db.execute("SELECT handle FROM users WHERE id = %s", (user,))
    row = await done.fetchone()
    return str(row[0]) if row else ""
