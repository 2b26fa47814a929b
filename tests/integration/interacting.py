"""A live stream whose audience takes part: its people, steps of time, and what the outbox tells of it."""

from typing import Any

import msgspec
from httpx import AsyncClient, Response

from livestreamx.engines.postgres import Pool, transaction
from tests.integration.commanding import rows
from tests.integration.people import Person

POLL = {"question": "Which game next?", "choices": ["Chess", "Go", "Tag"], "durationS": 60}
TABLES = {
    "polls": ("opened_at", "ends_at"),
    "challenges": ("made_at", "starts_at", "ends_at"),
    "raids": ("started_at", "goes_at"),
}


class Scene(msgspec.Struct):
    """A live stream, its creator, a moderator and a viewer."""

    stream: str
    creator: Person
    moderator: Person
    viewer: Person

    @property
    def path(self) -> str:
        return f"/api/streams/{self.stream}"


async def scene(api: AsyncClient, pool: Pool) -> Scene:
    creator, moderator = await Person.creator(api), await Person.register(api)
    async with pool.connection() as db:
        await db.execute("INSERT INTO channel_moderators VALUES (%s, %s)", (creator.id, moderator.id))
    return Scene(await creator.go_live(), creator, moderator, await Person.register(api))


async def ban(pool: Pool, creator: Person, person: Person) -> None:
    async with pool.connection() as db:
        await db.execute(
            "INSERT INTO channel_bans (creator_id, user_id, reason) VALUES (%s, %s, 'spam')", (creator.id, person.id)
        )


async def open_poll(on: Scene, **changed: Any) -> dict[str, Any]:
    answer = await on.creator.ask("POST", f"{on.path}/polls", json=POLL | changed)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def vote(person: Person, on: Scene, poll: str, choice: int) -> Response:
    return await person.ask("POST", f"{on.path}/polls/{poll}/votes", json={"choiceId": choice})


async def pass_time(pool: Pool, table: str, stream: str, seconds: float) -> None:
    """Let so many seconds pass for what a stream has in this table."""
    moved = ", ".join(f"{name} = {name} - make_interval(secs => %(s)s)" for name in TABLES[table])
    async with transaction(pool) as db:
        await db.execute("SET LOCAL session_replication_role = replica")  # time may do what no statement may
        await db.execute(f"UPDATE {table} SET {moved} WHERE stream_id = %(on)s", {"s": seconds, "on": stream})


async def told(pool: Pool, stream: str, kind: str) -> list[dict[str, Any]]:
    """The events of a kind that the outbox holds of a stream, in order."""
    found = await rows(
        pool,
        "SELECT convert_from(payload, 'UTF8')::jsonb FROM outbox WHERE key = %s "
        "AND convert_from(payload, 'UTF8')::jsonb ->> 'type' = %s ORDER BY seq",
        stream,
        kind,
    )
    return [row[0] for row in found]
