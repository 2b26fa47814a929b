"""All SQL of polls. That a poll ends once and votes stay is a trigger of the tables."""

from collections.abc import Sequence
from uuid import UUID

from domain.interactions.polls.model import Ballot, Booth, Draft, Poll
from livestreamx.engines.postgres import Db, struct_row

LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
COUNTED = """ARRAY(SELECT count(v.user_id)::int FROM generate_subscripts(p.choices, 1) AS c
LEFT JOIN poll_votes v ON v.poll_id = p.id AND v.choice_id = c GROUP BY c ORDER BY c)"""
SELECT = f"""
SELECT p.id, p.stream_id, p.creator_id, p.opened_by, u.handle, p.question, p.choices,
       coalesce(p.result, {COUNTED}) AS votes, p.viewers, p.state, p.opened_at, p.ends_at, p.ended_at
FROM polls p JOIN users u ON u.id = p.opened_by
"""  # noqa: S608 own text


async def insert(db: Db, *, stream_id: UUID, creator_id: UUID, opened_by: UUID, draft: Draft, viewers: int) -> UUID:
    """`UniqueViolation` while another poll is active in the stream."""
    done = await db.execute(
        "INSERT INTO polls (stream_id, creator_id, opened_by, question, choices, viewers, opened_at, ends_at) "
        "SELECT %s, %s, %s, %s, %s, %s, at, at + make_interval(secs => %s) FROM clock_timestamp() AS at RETURNING id",
        (stream_id, creator_id, opened_by, draft.question, list(draft.choices), viewers, draft.duration_s),
    )
    poll_id: UUID = (await done.fetchall())[0][0]
    return poll_id


async def find(db: Db, poll_id: UUID) -> Poll | None:
    async with db.cursor(row_factory=struct_row(Poll)) as cursor:
        await cursor.execute(SELECT + "WHERE p.id = %s", (poll_id,))
        return await cursor.fetchone()


async def of_stream(db: Db, stream_id: UUID, before: UUID | None, limit: int) -> list[Poll]:
    """The newest first."""
    async with db.cursor(row_factory=struct_row(Poll)) as cursor:
        await cursor.execute(
            SELECT + "WHERE p.stream_id = %s AND p.id < coalesce(%s::uuid, %s::uuid) ORDER BY p.id DESC LIMIT %s",
            (stream_id, before, LAST, limit),
        )
        return await cursor.fetchall()


# ending


async def lock(db: Db, poll_id: UUID) -> bool:
    """Nobody votes in it before this transaction ends; whether there is such a poll."""
    done = await db.execute("SELECT FROM polls WHERE id = %s FOR UPDATE", (poll_id,))
    return done.rowcount == 1


async def claim_due(db: Db) -> tuple[UUID, bool] | None:
    """An active poll whose time or stream is over, and whether it is its time; nobody else has it meanwhile."""
    done = await db.execute(
        "SELECT p.id, p.ends_at <= clock_timestamp() FROM polls p JOIN streams s ON s.id = p.stream_id "
        "WHERE p.state = 'active' AND (p.ends_at <= clock_timestamp() OR s.status <> 'live') "
        "ORDER BY p.ends_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED"
    )
    return await done.fetchone()


async def finish(db: Db, poll_id: UUID, state: str) -> None:
    """Its votes so far are its result."""
    await db.execute(
        f"UPDATE polls p SET state = %s, ended_at = clock_timestamp(), result = {COUNTED} WHERE p.id = %s",  # noqa: S608
        (state, poll_id),
    )


# voting


async def enter_booths(db: Db, poll_ids: Sequence[UUID]) -> list[Booth]:
    """These polls; those that are open do not end before this transaction."""
    async with db.cursor(row_factory=struct_row(Booth)) as cursor:
        await cursor.execute(
            "SELECT id, stream_id, creator_id, cardinality(choices) AS choices, true AS is_open FROM polls "
            "WHERE id = ANY(%s) AND state = 'active' AND ends_at > clock_timestamp() ORDER BY id FOR SHARE",
            (poll_ids,),
        )
        is_open = await cursor.fetchall()
        await cursor.execute(
            "SELECT id, stream_id, creator_id, cardinality(choices) AS choices, false AS is_open FROM polls "
            "WHERE id = ANY(%s) AND id <> ALL(%s)",
            (poll_ids, [booth.id for booth in is_open]),
        )
        return is_open + await cursor.fetchall()


async def insert_votes(db: Db, ballots: Sequence[tuple[UUID, Ballot]]) -> set[UUID]:
    """Votes by the id of their event; the ids of those that are the first of their person.

    In the order of the key, so that two batches with votes of the same people wait for each other, not in a circle.
    """
    done = await db.execute(
        "INSERT INTO poll_votes (event_id, poll_id, user_id, choice_id) "
        "SELECT event_id, poll_id, user_id, choice_id "
        "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[]) AS b (event_id, poll_id, user_id, choice_id) "
        "JOIN users u ON u.id = b.user_id ORDER BY poll_id, user_id ON CONFLICT DO NOTHING RETURNING event_id",
        (
            [event_id for event_id, _ in ballots],
            [ballot.poll_id for _, ballot in ballots],
            [ballot.user_id for _, ballot in ballots],
            [ballot.choice_id for _, ballot in ballots],
        ),
    )
    return {row[0] for row in await done.fetchall()}
