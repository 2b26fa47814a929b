"""A live stream whose gifts act: who sends them, what its queue says, and steps of the executor taken by hand."""

import secrets
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from domain.commands.running import expire_one, finish_one, start_one
from livestreamx.engines.postgres import Pool, transaction
from tests.integration.people import Person

TOKENS = 1000


async def rich(api: AsyncClient, tokens: int = TOKENS) -> Person:
    """Somebody with tokens to give."""
    person = await Person.register(api)
    while tokens > 0:
        answer = await person.ask(
            "POST",
            "/api/wallet/topup",
            json={"amount": min(tokens, 1000)},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
        assert answer.is_success, answer.text
        tokens -= 1000
    return person


async def give(person: Person, stream: str, code: str, args: dict[str, Any] | None = None, key: str = "") -> Response:
    """Send a gift over REST."""
    body = {"code": code} | ({} if args is None else {"args": args})
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return await person.ask("POST", f"/api/streams/{stream}/gifts", json=body, headers=headers)


async def balance(person: Person) -> int:
    """Tokens in the wallet."""
    return int((await person.ask("GET", "/api/wallet")).json()["tokens"])


async def rows(pool: Pool, sql: str, *values: object) -> list[Any]:
    async with pool.connection() as db:
        return await (await db.execute(sql, values)).fetchall()


async def states(pool: Pool, stream: str) -> list[tuple[str, str]]:
    """Action and state of every command of a stream, in the order they were asked for."""
    return await rows(pool, "SELECT action, state FROM commands WHERE stream_id = %s ORDER BY queued_at", stream)


async def told(pool: Pool, stream: str, kind: str) -> int:
    """How many events of a kind the outbox holds of a stream."""
    found = await rows(
        pool,
        "SELECT count(*) FROM outbox WHERE key = %s AND convert_from(payload, 'UTF8')::jsonb ->> 'type' = %s",
        stream,
        kind,
    )
    return int(found[0][0])


async def shift(pool: Pool, stream: str, seconds: float) -> None:
    """Let so many seconds pass for the commands and games of a stream."""
    async with transaction(pool) as db:
        await db.execute("SET LOCAL session_replication_role = replica")  # time may do what no statement may
        await db.execute(
            "UPDATE commands SET queued_at = queued_at - make_interval(secs => %(s)s), "
            "expires_at = expires_at - make_interval(secs => %(s)s), "
            "started_at = started_at - make_interval(secs => %(s)s), "
            "ends_at = ends_at - make_interval(secs => %(s)s) WHERE stream_id = %(stream)s",
            {"s": seconds, "stream": stream},
        )
        await db.execute(
            "UPDATE minigames SET started_at = started_at - make_interval(secs => %(s)s), "
            "ends_at = ends_at - make_interval(secs => %(s)s) WHERE stream_id = %(stream)s",
            {"s": seconds, "stream": stream},
        )


async def run_due(pool: Pool) -> None:
    """What an executor does in one look."""
    while await finish_one(pool):
        pass
    while await start_one(pool):
        pass
    while await expire_one(pool):
        pass


async def books_are_in_order(pool: Pool) -> bool:
    """Whether the ledger's audit finds nothing."""
    return all(found == 0 for _, found in await rows(pool, "SELECT * FROM ledger.audit"))


async def gift_state(pool: Pool, gift: str | UUID) -> str:
    return str((await rows(pool, "SELECT state FROM gift_events WHERE id = %s", gift))[0][0])
