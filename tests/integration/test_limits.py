"""People's own limits: stricter at once, looser in a day, kept by the database whatever way tokens go."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from psycopg import errors

from domain.economy import service as economy
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, transaction
from tests.integration.people import Person, events_of, refusal
from tests.integration.test_packs import admin, buy, offer  # noqa: F401

LIMITS = "/api/wallet/limits"
NOTHING = {
    "dailyTokens": None,
    "weeklyTokens": None,
    "nextDailyTokens": None,
    "nextDailyAt": None,
    "nextWeeklyTokens": None,
    "nextWeeklyAt": None,
    "excludedUntil": None,
}


class Spender:
    """Somebody with tokens, and a stream to give them to."""

    def __init__(self, person: Person, stream: str, pool: Pool) -> None:
        self.person, self.stream, self.pool = person, stream, pool

    async def limit(self, **wish: Any) -> Response:
        return await self.person.ask("PUT", LIMITS, json=wish)

    async def send(self, hearts: int, key: str = "") -> Response:
        return await self.person.ask(
            "POST",
            f"/api/streams/{self.stream}/gifts",
            json={"code": "HEART", "qty": hearts},
            headers={"Idempotency-Key": key or secrets.token_hex(8)},
        )

    async def run(self, sql: str) -> None:
        async with self.pool.connection() as db:
            await db.execute(sql.encode(), {"user": self.person.id})


@pytest_asyncio.fixture(loop_scope="session")
async def spender(api: AsyncClient, pool: Pool) -> Spender:
    person, creator = await Person.register(api), await Person.creator(api)
    async with transaction(pool) as db:
        await economy.grant(db, person.id, 1000, "purchase")
    return Spender(person, await creator.go_live(), pool)


async def test_a_limit_holds_at_once_and_is_loosened_in_a_day(spender: Spender, pool: Pool) -> None:
    assert (await spender.person.ask("GET", LIMITS)).json() == NOTHING
    assert (await spender.limit(dailyTokens=100)).json() == NOTHING | {"dailyTokens": 100}
    assert (await spender.send(10)).status_code == 201
    looser = (await spender.limit(dailyTokens=None)).json()
    assert (looser["dailyTokens"], looser["nextDailyTokens"]) == (100, None)
    assert looser["nextDailyAt"] > (now() + timedelta(hours=23)).isoformat()
    again = (await spender.limit(dailyTokens=None, weeklyTokens=200)).json()
    assert again == looser | {"weeklyTokens": 200}
    refused = await spender.send(11)
    assert refusal(refused) == (403, "spend_limit")
    assert refused.json() | {"retryAfterMs": 0} == refused.json() | {
        "limit": 100,
        "spent": 105,
        "days": 1,
        "retryAfterMs": 0,
    }
    assert 0 < refused.json()["retryAfterMs"] <= 86_400_000
    assert refusal(await spender.send(21))[1] == "spend_limit"
    assert (await spender.send(21)).json()["retryAfterMs"] is None
    assert (await spender.send(10)).status_code == 201
    assert await events_of(pool, spender.person.id, "limits.changed") == 3
    assert (await spender.person.ask("GET", "/api/wallet")).json()["tokens"] == 1000
    await spender.run("ALTER TABLE spend_limits DISABLE TRIGGER loosens_slowly")
    await spender.run("UPDATE spend_limits SET next_at = now() - interval '1 s' WHERE user_id = %(user)s AND days = 1")
    await spender.run("ALTER TABLE spend_limits ENABLE TRIGGER loosens_slowly")
    assert (await spender.person.ask("GET", LIMITS)).json() == NOTHING | {"weeklyTokens": 200}
    assert (await spender.send(20)).status_code == 201
    assert refusal(await spender.send(1)) == (403, "spend_limit")


async def test_packs_and_money_are_bounded_too(spender: Spender, pool: Pool, admin: Person) -> None:  # noqa: F811
    await spender.limit(weeklyTokens=40)
    pack = await offer(admin, price=30)
    assert (await buy(spender.person, pack)).status_code == 201  # type: ignore[attr-defined]
    assert refusal(await buy(spender.person, pack)) == (403, "spend_limit")  # type: ignore[arg-type]
    with pytest.raises(errors.DatabaseError, match="beyond the spend limit"):
        await spender.run(
            "INSERT INTO payments (user_id, pack_id, tokens, price_minor, currency, idempotency_key) "
            "VALUES (%(user)s, 'tokens_100', 100, 129, 'usd', 'k')"
        )


async def test_a_self_exclusion_is_not_shortened(spender: Spender, pool: Pool) -> None:
    soon, later = (now() + timedelta(days=days) for days in (1, 30))
    replayed = await spender.send(1, key="before")
    assert (await spender.limit(excludedUntil=later.isoformat())).status_code == 200
    refused = await spender.send(1)
    assert refusal(refused) == (403, "self_excluded")
    assert refused.json()["retryAfterMs"] > 29 * 86_400_000
    assert (await spender.send(1, key="before")).json() == replayed.json()
    assert refusal(await spender.limit(excludedUntil=soon.isoformat())) == (409, "exclusion_stays")
    assert refusal(await spender.limit(excludedUntil="2020-01-01T00:00:00Z")) == (409, "exclusion_stays")
    assert (await spender.limit(excludedUntil=(later + timedelta(days=1)).isoformat())).status_code == 200
    for sql in (
        "UPDATE self_exclusions SET until = now() WHERE user_id = %(user)s",
        "DELETE FROM self_exclusions WHERE user_id = %(user)s",
        "DELETE FROM spend_limits WHERE user_id = %(user)s",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            await spender.run(sql)
    await spender.limit(dailyTokens=5)
    with pytest.raises(errors.InsufficientPrivilege):
        await spender.run("UPDATE spend_limits SET tokens = 500 WHERE user_id = %(user)s")


async def test_what_is_no_limit_is_refused(spender: Spender) -> None:
    for wish in (
        {"dailyTokens": -1},
        {"excludedUntil": "soon"},
        {"daily": 1},
        {"excludedUntil": "2020-01-01T00:00:00Z"},
    ):
        assert refusal(await spender.limit(**wish))[0] == 422
    assert (await spender.person.ask("GET", LIMITS)).json() == NOTHING
