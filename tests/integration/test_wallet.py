"""Wallets over REST: what they hold, what moved them, and top-ups that happen once."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis as AsyncRedis

from api.app import create_app
from domain.economy import service
from domain.economy.model import GiftOrder
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.settings import Settings
from tests.integration.people import Person, events_of, refusal

TOPUP = "/api/wallet/topup"


async def pages(person: Person, limit: int) -> list[list[dict[str, Any]]]:
    """All pages of the wallet's ledger, newest first."""
    found, cursor = [], ""
    while cursor is not None:
        answer = await person.ask("GET", f"/api/wallet/ledger?limit={limit}{cursor and f'&cursor={cursor}'}")
        found.append(answer.json()["items"])
        cursor = answer.json()["nextCursor"]
    return found


async def test_a_new_wallet_holds_the_signup_bonus(api: AsyncClient, pool: Pool) -> None:
    person = await Person.register(api)
    answer = await person.ask("GET", "/api/wallet")
    assert answer.json() == {"tokens": 100, "paid": 0, "bonus": 100, "locked": False}
    assert await events_of(pool, person.id, "tokens.granted") == 1
    assert refusal(await api.get("/api/wallet")) == (401, "unauthenticated")
    assert refusal(await api.get("/api/wallet/ledger")) == (401, "unauthenticated")


async def test_opening_a_wallet_twice_grants_once(api: AsyncClient, pool: Pool) -> None:
    person = await Person.register(api)
    async with transaction(pool) as db:
        await service.open_wallet(db, person.id, 100, "")
        assert (await service.wallet(db, person.id)).tokens == 100
    assert await events_of(pool, person.id, "tokens.granted") == 1


async def test_topups_with_a_key_happen_once(api: AsyncClient, pool: Pool) -> None:
    person = await Person.register(api)
    headers = {"Idempotency-Key": "monday"}
    answers = await asyncio.gather(*(person.ask("POST", TOPUP, json={"amount": 50}, headers=headers) for _ in range(8)))
    assert [(one.status_code, one.json()["tokens"]) for one in answers] == [(200, 150)] * 8
    assert refusal(await person.ask("POST", TOPUP, json={"amount": 51}, headers=headers)) == (
        409,
        "idempotency_key_reused",
    )
    for expected in (151, 152):
        assert (await person.ask("POST", TOPUP, json={"amount": 1})).json()["tokens"] == expected
    assert await events_of(pool, person.id, "tokens.granted") == 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": 0},
        {"amount": 1001},
        {"amount": "five"},
        {"amount": "5"},
        {"amount": 1.5},
        {"amount": True},
        {"amout": 5},
        7,
    ],
)
async def test_a_topup_that_makes_no_sense_is_refused(api: AsyncClient, body: object) -> None:
    person = await Person.register(api)
    assert refusal(await person.ask("POST", TOPUP, json=body)) == (422, "invalid")
    assert (await person.ask("GET", "/api/wallet")).json()["tokens"] == 100


async def test_topups_are_off_unless_switched_on(settings: Settings) -> None:
    app = create_app(msgspec.structs.replace(settings, rate_limits=False, dev_topup=False))
    async with app.lifespan(), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as api:
        person = await Person.register(api)
        assert refusal(await person.ask("POST", TOPUP, json={"amount": 5})) == (403, "topup_off")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_the_ledger_adds_up_on_every_page(api: AsyncClient, pool: Pool, redis: AsyncRedis, limit: int) -> None:
    viewer, creator = await Person.register(api), await Person.creator(api)
    stream = await creator.go_live()
    async with transaction(pool) as db:
        await service.grant(db, viewer.id, 40, "purchase")
    for code, qty in (("HEART", 1), ("ROSE", 10), ("HEART", 2)):
        order = GiftOrder(
            sender=viewer.id,
            handle=viewer.handle,
            stream_id=UUID(stream),
            code=code,
            qty=qty,
            idempotency_key=f"{code}{qty}",
        )
        await service.send_gift(pool, redis, order)
    await viewer.ask("POST", TOPUP, json={"amount": 3})
    found = await pages(viewer, limit)
    assert all(len(page) == limit for page in found[:-1])
    entries = [
        (e["reason"], e["bucket"], e["delta"], e["balanceAfter"], e["giftCode"], e["qty"], e["refId"])
        for page in found
        for e in page
    ]
    assert entries == [
        ("topup", "bonus", 3, 3, None, None, None),
        ("gift", "paid", -10, 25, "HEART", 2, stream),
        ("gift", "bonus", -95, 0, "ROSE", 10, stream),
        ("gift", "paid", -5, 35, "ROSE", 10, stream),
        ("gift", "bonus", -5, 95, "HEART", 1, stream),
        ("purchase", "paid", 40, 40, None, None, None),
        ("signup", "bonus", 100, 100, None, None, None),
    ]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=WzEsMl0", "cursor=" + "x" * 300]
)
async def test_a_page_that_cannot_be_is_refused(api: AsyncClient, query: str) -> None:
    person = await Person.register(api)
    assert (await person.ask("GET", f"/api/wallet/ledger?{query}")).status_code == 422
