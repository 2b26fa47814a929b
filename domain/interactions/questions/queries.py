"""All SQL of questions. That a question closes once and a person votes once are rules of the tables."""

from uuid import UUID

from domain.interactions.questions.model import Question, State
from livestreamx.engines.postgres import Db, struct_row

SELECT = """
SELECT q.id, q.stream_id, q.creator_id, q.asker_id, u.handle, q.text, q.votes, q.state, q.asked_at, q.closed_at
FROM questions q JOIN users u ON u.id = q.asker_id
"""


async def insert(db: Db, *, stream_id: UUID, creator_id: UUID, asker_id: UUID, text: str) -> UUID:
    done = await db.execute(
        "INSERT INTO questions (stream_id, creator_id, asker_id, text) VALUES (%s, %s, %s, %s) RETURNING id",
        (stream_id, creator_id, asker_id, text),
    )
    question_id: UUID = (await done.fetchall())[0][0]
    return question_id


async def find(db: Db, question_id: UUID) -> Question | None:
    async with db.cursor(row_factory=struct_row(Question)) as cursor:
        await cursor.execute(SELECT + "WHERE q.id = %s", (question_id,))
        return await cursor.fetchone()


async def find_locked(db: Db, question_id: UUID) -> Question | None:
    """The question, which nobody else changes before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Question)) as cursor:
        await cursor.execute(SELECT + "WHERE q.id = %s FOR NO KEY UPDATE OF q", (question_id,))
        return await cursor.fetchone()


async def of_stream(
    db: Db, stream_id: UUID, state: State | None, after: tuple[int, UUID] | None, limit: int
) -> list[Question]:
    """Most votes first, of equals the older; `after` is the place of the last one seen."""
    votes, question_id = after or (None, None)
    async with db.cursor(row_factory=struct_row(Question)) as cursor:
        await cursor.execute(
            SELECT + "WHERE q.stream_id = %(stream)s AND (%(state)s::text IS NULL OR q.state = %(state)s) "
            "AND (%(votes)s::int IS NULL OR (-q.votes, q.id) > (-%(votes)s::int, %(id)s)) "
            "ORDER BY q.votes DESC, q.id LIMIT %(limit)s",
            {"stream": stream_id, "state": state, "votes": votes, "id": question_id, "limit": limit},
        )
        return await cursor.fetchall()


async def insert_vote(db: Db, question_id: UUID, user_id: UUID) -> bool:
    """Whether it is the person's first for this question, and counts."""
    done = await db.execute(
        "WITH voted AS (INSERT INTO question_votes (question_id, user_id) VALUES (%s, %s) ON CONFLICT DO NOTHING "
        "RETURNING question_id) UPDATE questions SET votes = votes + 1 WHERE id IN (SELECT question_id FROM voted)",
        (question_id, user_id),
    )
    return done.rowcount == 1


async def close(db: Db, question_id: UUID, state: str, closed_by: UUID | None) -> None:
    await db.execute(
        "UPDATE questions SET state = %s, closed_at = clock_timestamp(), closed_by = %s WHERE id = %s",
        (state, closed_by, question_id),
    )


async def claim_left_open(db: Db, most: int) -> list[Question]:
    """Open questions of streams that are over; nobody else has them while the transaction lasts."""
    async with db.cursor(row_factory=struct_row(Question)) as cursor:
        await cursor.execute(
            SELECT + "JOIN streams s ON s.id = q.stream_id WHERE q.state = 'open' AND s.status <> 'live' "
            "ORDER BY q.id LIMIT %s FOR NO KEY UPDATE OF q SKIP LOCKED",
            (most,),
        )
        return await cursor.fetchall()


async def expire(db: Db, question_ids: list[UUID], state: str) -> None:
    await db.execute(
        "UPDATE questions SET state = %s, closed_at = clock_timestamp() WHERE id = ANY(%s)", (state, question_ids)
    )
