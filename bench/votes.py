"""How many votes of one poll are counted a second when everybody votes at once, and how long a voter waits.

`python -m bench.votes`; the peer is one transaction a vote, over the same two connections, in the same run.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

import msgspec
from rich.console import Console
from rich.table import Table

from domain.interactions.polls.model import Ballot
from domain.interactions.polls.voting import CONNECTIONS, MOST_IN_BATCH, BallotBox
from livestreamx.engines.migrate import migrate_postgres
from livestreamx.engines.postgres import Pool, make_pool
from livestreamx.stack import engines_only

VOTERS, FEWER, AT_ONCE, ROUNDS = 20_000, 2_000, 4_000, 2


class Rush(msgspec.Struct, frozen=True):
    """What came of everybody voting at once: votes a second, waits in ms, processor time of this process in µs."""

    a_second: float
    p50: float
    p99: float
    spent: float


async def make_room(pool: Pool) -> tuple[UUID, list[UUID]]:
    """A live stream, and people who will vote."""
    async with pool.connection() as db:
        made = await db.execute(
            "INSERT INTO users (handle) SELECT 'voter_' || n FROM generate_series(0, %s) AS n RETURNING id", (VOTERS,)
        )
        creator, *people = [row[0] for row in await made.fetchall()]
        stream = await db.execute(
            "INSERT INTO streams (creator_id, title, status, started_at) VALUES (%s, 'Votes', 'live', now()) "
            "RETURNING id",
            (creator,),
        )
        return (await stream.fetchall())[0][0], people


async def open_poll(pool: Pool, stream: UUID) -> UUID:
    """A poll of the stream's creator, the only one that is on."""
    async with pool.connection() as db:
        await db.execute(
            "UPDATE polls SET state = 'terminated', ended_at = now(), result = '{0,0}' WHERE state = 'active'"
        )
        opened = await db.execute(
            "INSERT INTO polls (stream_id, creator_id, opened_by, question, choices, viewers, ends_at) "
            "SELECT id, creator_id, creator_id, 'Which?', '{a,b}', 0, now() + interval '30 minutes' FROM streams "
            "WHERE id = %s RETURNING id",
            (stream,),
        )
        poll: UUID = (await opened.fetchall())[0][0]
        return poll


async def rush(url: str, pool: Pool, stream: UUID, people: list[UUID], most_in_batch: int) -> Rush:
    """Everybody votes, `AT_ONCE` of them waiting at any moment; none may be lost."""
    poll = await open_poll(pool, stream)
    door = make_pool(url, most=CONNECTIONS)
    box, gate, waits = BallotBox(door, most_in_batch=most_in_batch), asyncio.Semaphore(AT_ONCE), []
    await door.open()
    box.start()

    async def vote(user: UUID) -> None:
        async with gate:
            began = time.perf_counter()
            await box.vote(Ballot(stream_id=stream, poll_id=poll, user_id=user, choice_id=1))
            waits.append((time.perf_counter() - began) * 1000)

    began, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(vote, people))
    took, spent = time.perf_counter() - began, time.process_time() - spent
    await box.close()
    await door.close()
    async with pool.connection() as db:
        counted = await (await db.execute("SELECT count(*) FROM poll_votes WHERE poll_id = %s", (poll,))).fetchall()
    assert counted[0][0] == len(people)
    percent = statistics.quantiles(waits, n=100)
    return Rush(len(people) / took, percent[49], percent[98], spent / len(people) * 1e6)


async def measure(url: str) -> dict[str, list[Rush]]:
    """Both loads by turns, `ROUNDS` times."""
    found: dict[str, list[Rush]] = {"votes that wait share a transaction": [], "one transaction a vote": []}
    async with make_pool(url) as pool:
        stream, people = await make_room(pool)
        for _ in range(ROUNDS):
            for load, most, crowd in zip(found, (MOST_IN_BATCH, 1), (VOTERS, FEWER), strict=True):
                found[load].append(await rush(url, pool, stream, people[:crowd], most))
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-votes-") as home, engines_only(Path(home)) as engines:
        migrate_postgres(engines.settings.postgres_url)
        found = asyncio.run(measure(engines.settings.postgres_url))
    table = Table("load", "votes/s", "p50 ms", "p99 ms", "µs of the process a vote")
    for load, runs in found.items():
        best = max(runs, key=lambda run: run.a_second)
        table.add_row(load, *(f"{number:,.0f}" for number in (best.a_second, best.p50, best.p99, best.spent)))
    Console().print(table)


if __name__ == "__main__":
    main()
