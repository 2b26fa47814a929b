"""Exclusive packs: bought once a key, refused with the reason, and never sold more often than there are."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest_asyncio
from httpx import AsyncClient

from domain.economy import service as economy
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection, transaction
from tests.integration.people import Person, refusal

BUYERS, STOCK, PRICE = 50, 10, 30


@pytest_asyncio.fixture(loop_scope="session")
async def admin(api: AsyncClient, pool: Pool) -> Person:
    return await Person.admin(api, pool)


async def offer(admin: Person, *, stock: int = STOCK, price: int = PRICE, starts_in: int = -1, **more: object) -> str:
    body = {
        "name": "Winter badges",
        "items": [{"item": "snow_badge"}, {"item": "scarf", "qty": 2}],
        "priceTokens": price,
        "stock": stock,
        "startsAt": (now() + timedelta(hours=starts_in)).isoformat(),
        "endsAt": (now() + timedelta(hours=starts_in + 2)).isoformat(),
        **more,
    }
    answer = await admin.ask("POST", "/api/admin/packs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def buy(person: Person, pack: str, key: str = "") -> object:
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return await person.ask("POST", f"/api/packs/{pack}/purchase", headers=headers)


async def test_fifty_race_for_ten(api: AsyncClient, pool: Pool, admin: Person) -> None:
    pack = await offer(admin)
    people = await asyncio.gather(*(Person.register(api) for _ in range(BUYERS)))
    answers = await asyncio.gather(*(buy(person, pack) for person in people))
    assert Counter(answer.status_code for answer in answers) == {201: STOCK, 409: BUYERS - STOCK}
    assert {refusal(answer)[1] for answer in answers if answer.status_code == 409} == {"pack_sold_out"}
    async with connection(pool) as db:
        left = await db.execute("SELECT stock FROM exclusive_packs WHERE id = %s", (pack,))
        assert await left.fetchall() == [(0,)]
        owned = await db.execute(
            "SELECT item, sum(qty)::int FROM inventory WHERE user_id = ANY (%s) GROUP BY item ORDER BY item",
            ([person.id for person in people],),
        )
        assert await owned.fetchall() == [("scarf", 2 * STOCK), ("snow_badge", STOCK)]
        wallets = [(await economy.wallet(db, person.id)).tokens for person in people]
        assert Counter(wallets) == {100 - PRICE: STOCK, 100: BUYERS - STOCK}
        audit = await db.execute("SELECT sum(found)::int FROM ledger.audit_of_returns")
        assert await audit.fetchall() == [(0,)]


async def test_a_key_buys_once(api: AsyncClient, pool: Pool, admin: Person) -> None:
    pack, other, person = await offer(admin), await offer(admin), await Person.register(api)
    first, again = await buy(person, pack, "k"), await buy(person, pack, "k")
    assert first.json() == again.json()
    assert first.json()["balance"] == 100 - PRICE
    assert refusal(await buy(person, other, "k")) == (409, "idempotency_key_reused")
    await buy(person, pack)
    owned = (await person.ask("GET", "/api/me/inventory")).json()["items"]
    assert owned == [{"item": "scarf", "qty": 4}, {"item": "snow_badge", "qty": 2}]
    async with connection(pool) as db:
        told = await db.execute(
            "SELECT count(*)::int FROM outbox WHERE convert_from(payload, 'UTF8')::jsonb ->> 'type' = 'pack.purchased' "
            "AND key = %s",
            (str(person.id),),
        )
        assert await told.fetchall() == [(2,)]


async def test_it_is_refused_with_the_reason(api: AsyncClient, pool: Pool, admin: Person) -> None:
    person = await Person.register(api)
    assert refusal(await buy(person, str(uuid4()))) == (404, "pack_not_found")
    assert refusal(await buy(person, await offer(admin, starts_in=1))) == (409, "pack_not_on_sale")
    assert refusal(await buy(person, await offer(admin, starts_in=-3))) == (409, "pack_not_on_sale")
    assert refusal(await buy(person, await offer(admin, price=101))) == (402, "insufficient_tokens")
    listed = (await api.get("/api/packs/exclusive")).json()["items"]
    assert all(pack["stock"] >= 0 and pack["items"] for pack in listed)
    async with transaction(pool) as db:
        await economy.lock_wallet(db, person.id, "dispute")
    assert refusal(await buy(person, await offer(admin))) == (423, "wallet_locked")
    assert (await person.ask("GET", "/api/me/inventory")).json() == {"items": []}


async def test_an_offer_makes_sense(admin: Person) -> None:
    body = {
        "name": "Twice",
        "items": [{"item": "badge"}, {"item": "badge"}],
        "priceTokens": 5,
        "stock": 1,
        "startsAt": now().isoformat(),
        "endsAt": (now() + timedelta(hours=1)).isoformat(),
    }
    assert (await admin.ask("POST", "/api/admin/packs", json=body)).status_code == 422
    backwards = body | {"items": [{"item": "badge"}], "endsAt": (now() - timedelta(hours=1)).isoformat()}
    assert (await admin.ask("POST", "/api/admin/packs", json=backwards)).status_code == 422
