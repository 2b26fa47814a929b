"""Earnings on their way out: asked for, reviewed, paid or returned, blocked while the books differ, told as CSV."""

import asyncio
import csv
import io
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from redis.asyncio import Redis as AsyncRedis

from domain.economy import returns
from domain.economy import service as economy
from domain.economy.model import GiftOrder
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, transaction
from tests.integration.people import Person, events_of, refusal


class Till:
    """A creator with 35 USD available, and an admin."""

    def __init__(self, creator: Person, admin: Person) -> None:
        self.creator, self.admin = creator, admin

    async def ask(self, minor: int = 2500, key: str = "") -> Response:
        return await self.creator.ask(
            "POST",
            "/api/payouts",
            json={"amountMinor": minor},
            headers={"Idempotency-Key": key or secrets.token_hex(8)},
        )

    async def move(self, payout: str, *states: str) -> Response:
        for state in states:
            answer = await self.admin.ask(
                "POST", f"/api/admin/payouts/{payout}", json={"state": state, "note": "checked"}
            )
        return answer

    async def earnings(self) -> dict[str, Any]:
        return dict((await self.creator.ask("GET", "/api/payouts/earnings")).json())


@pytest_asyncio.fixture(loop_scope="session")
async def till(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> Till:
    fan, creator = await Person.register(api), await Person.creator(api)
    stream = await creator.go_live()
    async with transaction(pool) as db:
        await economy.grant(db, fan.id, 10_000, "purchase")
    for qty in (1, 50):  # 100 tokens are bonus
        order = GiftOrder(
            sender=fan.id,
            handle=fan.handle,
            stream_id=UUID(stream),
            code="ROCKET",
            qty=qty,
            idempotency_key=str(qty),
        )
        await economy.send_gift(pool, redis, order)
    await returns.mature_earnings(pool, now() + timedelta(days=15))
    return Till(creator, await Person.admin(api, pool))


@pytest_asyncio.fixture(loop_scope="session")
async def differing(pool: Pool) -> AsyncIterator[None]:
    """A comparison of the books that found something, until the next one finds nothing."""
    async with pool.connection() as db:
        await db.execute("INSERT INTO reconciliations (findings, report) VALUES (1, 'off by one')")
    yield
    async with pool.connection() as db:
        await db.execute("INSERT INTO reconciliations (findings, report) VALUES (0, 'all agree')")


async def test_a_payout_goes_step_by_step_and_is_told(till: Till, pool: Pool) -> None:
    assert refusal(await till.ask(1999)) == (422, "payout_too_small")
    refused = await till.ask(3501)
    assert (refusal(refused), refused.json()["available"]) == ((402, "insufficient_earnings"), 3500)
    asked = await till.ask(key="k")
    payout = asked.json()["id"]
    assert (asked.status_code, asked.json()["state"]) == (201, "requested")
    assert (await till.ask(key="k")).json() == asked.json()
    assert refusal(await till.ask(2600, key="k")) == (409, "idempotency_key_reused")
    assert refusal(await till.ask(key="l")) == (409, "payout_open")
    assert refusal(await till.move(payout, "approved")) == (409, "payout_stale")
    assert refusal(await till.move(payout, "paid")) == (409, "payout_stale")
    moved = await till.move(payout, "review", "approved", "processing")
    assert (moved.status_code, moved.json()["state"]) == (200, "processing")
    assert (await till.earnings())["inPayout"] == 2500
    assert refusal(await till.move(payout, "rejected")) == (409, "payout_stale")
    await till.move(payout, "paid")
    assert await till.earnings() == {
        "pending": 0,
        "contested": 0,
        "available": 1000,
        "inPayout": 0,
        "paid": 2500,
        "debt": 0,
    }
    assert refusal(await till.move(payout, "failed")) == (409, "payout_stale")
    assert await events_of(pool, till.creator.id, "payout.moved") == 5
    listed = (await till.admin.ask("GET", "/api/admin/payouts?state=paid&limit=100")).json()["items"]
    assert payout in [one["id"] for one in listed]
    own = (await till.creator.ask("GET", "/api/payouts")).json()["items"]
    assert [(one["id"], one["state"]) for one in own] == [(payout, "paid")]


@pytest.mark.parametrize(
    "steps", [["rejected"], ["review", "rejected"], ["review", "approved", "processing", "failed"]]
)
async def test_what_ends_unpaid_is_available_again(till: Till, steps: list[str]) -> None:
    payout = (await till.ask()).json()["id"]
    assert (await till.move(payout, *steps)).json()["state"] == steps[-1]
    assert (await till.earnings())["available"] == 3500
    assert (await till.ask(3500)).status_code == 201


async def test_one_payout_of_many_that_race(till: Till) -> None:
    answers = await asyncio.gather(*(till.ask() for _ in range(6)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
    payout = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    await till.move(payout, "review")
    moved = await asyncio.gather(*(till.move(payout, "approved") for _ in range(4)))
    assert Counter(answer.status_code for answer in moved) == {200: 1, 409: 3}
    assert (await till.earnings())["inPayout"] == 2500


async def test_no_payout_while_the_books_differ(till: Till, pool: Pool, differing: None) -> None:
    assert refusal(await till.ask()) == (409, "payouts_blocked")
    async with pool.connection() as db:
        await db.execute("INSERT INTO reconciliations (findings, report) VALUES (0, 'all agree')")
    payout = (await till.ask()).json()["id"]
    await till.move(payout, "review")
    async with pool.connection() as db:
        await db.execute("INSERT INTO reconciliations (findings, report) VALUES (2, 'off again')")
    assert refusal(await till.move(payout, "approved")) == (409, "payouts_blocked")
    assert (await till.move(payout, "rejected")).status_code == 200


async def test_the_statement_tells_gross_split_reversals_and_net(till: Till, pool: Pool) -> None:
    async with pool.connection() as db:
        found = await db.execute(
            "SELECT id FROM gift_events WHERE to_creator_id = %s ORDER BY paid DESC LIMIT 1", (till.creator.id,)
        )
        gift = (await found.fetchall())[0][0]
    await till.admin.ask("POST", f"/api/admin/gifts/{gift}/refund", json={"reason": "fraud"})
    answer = await till.creator.ask("GET", "/api/payouts/statement", params={"month": f"{now():%Y-%m}"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = [list(line.values())[1:] for line in csv.DictReader(io.StringIO(answer.text))]
    assert lines == [
        ["gift", str(gift), "50.0000", "15.0000", "0.0000", "35.0000"],
        ["refund", str(gift), "0.0000", "0.0000", "-35.0000", "-35.0000"],
        ["total", "", "50.0000", "15.0000", "-35.0000", "0.0000"],
    ]
    assert refusal(await till.creator.ask("GET", "/api/payouts/statement", params={"month": "x"}))[0] == 422
