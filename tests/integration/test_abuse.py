"""Limits of speed before the charge, flags for what looks like abuse, and what admins do about them."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.economy import service as economy
from domain.economy.model import NotLive
from domain.fraud import service as fraud
from domain.fraud.guard import GiftGuard
from domain.fraud.model import VelocityLimit, account_age
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import TooMany
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.people import Person, events_of, refusal


def claims_of(user_id: UUID, *roles: str) -> Claims:
    return Claims(sub=user_id, roles=roles or ("viewer",), sid=uuid4(), handle="somebody", iat=0, exp=0)


def account_of(age: timedelta) -> UUID:
    """The id of an account that was made so long ago."""
    made = int((now() - age).timestamp() * 1000)
    return UUID(int=(made << 80) | (0x7 << 76) | (0b10 << 62) | secrets.randbits(62))


class Gate:
    """One sender before the guard."""

    def __init__(self, guard: GiftGuard, sender: UUID) -> None:
        self.guard, self.claims, self.stream = guard, claims_of(sender), uuid4()

    async def pass_(self, code: str = "HEART", qty: int = 1, key: str = "") -> str:
        """`sent`, or why not."""
        key = key or secrets.token_hex(8)
        try:
            async with self.guard.admitted(self.claims, self.stream, code=code, qty=qty, key=key, request_id=""):
                return "sent"
        except VelocityLimit:
            return "enough"
        except TooMany:
            return "slow down"


@pytest.fixture
def guard(pool: Pool, redis: AsyncRedis, settings: Settings) -> GiftGuard:
    """A guard whose window is longer than a slow machine takes for a test."""
    return GiftGuard(pool, redis, msgspec.structs.replace(settings, gift_window_seconds=600))


@pytest.fixture
def quick(pool: Pool, redis: AsyncRedis, settings: Settings) -> GiftGuard:
    """A guard that only counts tokens."""
    return GiftGuard(pool, redis, msgspec.structs.replace(settings, gift_sends=10_000))


async def test_ten_gifts_in_a_window_and_not_one_more(guard: GiftGuard) -> None:
    gate = Gate(guard, account_of(timedelta(days=30)))
    got = await asyncio.gather(*(gate.pass_() for _ in range(25)))
    assert Counter(got) == {"sent": 10, "slow down": 15}
    other = Gate(guard, account_of(timedelta(days=30)))
    assert await other.pass_() == "sent"


async def test_a_retry_counts_once(guard: GiftGuard) -> None:
    gate = Gate(guard, account_of(timedelta(days=30)))
    assert {await gate.pass_(key="k") for _ in range(15)} == {"sent"}
    assert Counter([await gate.pass_() for _ in range(10)]) == {"sent": 9, "slow down": 1}
    assert await gate.pass_(key="k") == "sent"


async def test_the_window_moves_on(pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
    short = msgspec.structs.replace(settings, gift_sends=2, gift_window_seconds=5)
    gate = Gate(GiftGuard(pool, redis, short), account_of(timedelta(days=30)))
    assert [await gate.pass_() for _ in range(3)] == ["sent", "sent", "slow down"]
    with pytest.raises(TooMany) as refused:
        async with gate.guard.admitted(gate.claims, gate.stream, code="HEART", qty=1, key="x", request_id=""):
            pass
    assert 0 < refused.value.retry_after_ms <= 5000
    await eventually(gate.pass_, lambda outcome: outcome == "sent")


async def test_a_young_account_gives_five_thousand_tokens_an_hour(
    quick: GiftGuard, pool: Pool, api: AsyncClient
) -> None:
    young = await Person.register(api)
    gate = Gate(quick, young.id)
    got = await asyncio.gather(*(gate.pass_("CROWN") for _ in range(8)))
    assert Counter(got) == {"sent": 5, "enough": 3}
    assert await gate.pass_("HEART") == "enough"
    old = Gate(quick, account_of(timedelta(days=8)))
    assert {await old.pass_("CROWN", 99) for _ in range(3)} == {"sent"}
    assert await events_of(pool, young.id, "fraud.flagged") == 1


async def test_what_the_ledger_refuses_is_not_counted(quick: GiftGuard, api: AsyncClient) -> None:
    gate = Gate(quick, (await Person.register(api)).id)
    for _ in range(7):
        with pytest.raises(NotLive):
            async with quick.admitted(
                gate.claims, gate.stream, code="CROWN", qty=1, key=secrets.token_hex(8), request_id=""
            ):
                raise NotLive()
    assert await gate.pass_("CROWN", 5) == "sent"
    assert await gate.pass_("NOPE", 5) == "sent"


def test_an_accounts_id_tells_its_age() -> None:
    for days in (0, 6.9, 7.1, 400):
        assert abs(account_age(account_of(timedelta(days=days))) - timedelta(days=days)) < timedelta(seconds=1)


async def test_both_ways_to_send_pass_the_guard(api: AsyncClient) -> None:
    viewer, creator = await Person.register(api), await Person.creator(api)
    stream = await creator.go_live()
    answers = [
        await viewer.ask(
            "POST", f"/api/streams/{stream}/gifts", json={"code": "HEART"}, headers={"Idempotency-Key": str(number)}
        )
        for number in range(11)
    ]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert refusal(answers[-1]) == (429, "rate_limited")
    assert 0 < answers[-1].json()["retryAfterMs"] <= 10_000
    assert (await viewer.ask("GET", "/api/wallet")).json()["tokens"] == 50
    rich = await Person.register(api)
    too_much = await rich.ask(
        "POST", f"/api/streams/{stream}/gifts", json={"code": "CROWN", "qty": 6}, headers={"Idempotency-Key": "k"}
    )
    assert refusal(too_much) == (429, "velocity_limit")
    assert "5000 tokens an hour" in too_much.json()["detail"]
    assert int(too_much.headers["retry-after"]) > 0


class Desk:
    """An admin, and the flags they see."""

    def __init__(self, admin: Person) -> None:
        self.admin = admin

    async def flags(self, user: Person, which: str = "open") -> list[dict[str, Any]]:
        answer = await self.admin.ask("GET", f"/api/admin/flags?limit=100&state={which}")
        assert answer.status_code == 200, answer.text
        return [flag for flag in answer.json()["items"] if flag["userId"] == str(user.id)]

    async def resolve(self, flag: str, **decision: Any) -> Any:
        return await self.admin.ask("POST", f"/api/admin/flags/{flag}/resolve", json={"note": "seen", **decision})


@pytest_asyncio.fixture(loop_scope="session")
async def desk(api: AsyncClient, pool: Pool) -> Desk:
    return Desk(await Person.admin(api, pool))


async def test_gifts_in_a_circle_are_flagged(api: AsyncClient, pool: Pool, desk: Desk) -> None:
    one, other, fan = await Person.creator(api), await Person.creator(api), await Person.register(api)
    streams = {one.id: await one.go_live(), other.id: await other.go_live()}
    async with transaction(pool) as db:
        for person in (one, other, fan):
            await economy.grant(db, person.id, 1000, "purchase")

    async def give(sender: Person, to: Person, code: str, qty: int) -> None:
        answer = await sender.ask(
            "POST",
            f"/api/streams/{streams[to.id]}/gifts",
            json={"code": code, "qty": qty},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
        assert answer.status_code == 201, answer.text

    await give(fan, one, "HEART", 99)
    await give(one, other, "HEART", 60)  # 100 of bonus, 200 of paid
    assert await desk.flags(one) == []
    await give(other, one, "ROSE", 29)  # 100 of bonus, 190 of paid
    assert await desk.flags(one) == []
    await give(other, one, "ROSE", 1)
    for person, partner in ((one, other), (other, one)):
        (flag,) = await desk.flags(person)
        assert (flag["kind"], flag["subject"]) == ("gift_ring", str(partner.id))
        assert (flag["evidence"]["given"], flag["evidence"]["returned"]) == (200, 200)
    await give(other, one, "ROSE", 1)
    assert len(await desk.flags(other)) == 1
    assert await desk.flags(fan) == []


async def test_a_flag_is_resolved_once_with_a_note_for_the_audit(api: AsyncClient, pool: Pool, desk: Desk) -> None:
    person = await Person.register(api)
    async with transaction(pool) as db:
        assert await fraud.flag(db, "velocity", person.id, "test", {"wanted": 7})
        assert not await fraud.flag(db, "velocity", person.id, "test", {"wanted": 8})
        await economy.lock_wallet(db, person.id, "looked at")
    (flag,) = await desk.flags(person)
    assert (flag["handle"], flag["walletLocked"], flag["evidence"]) == (person.handle, True, {"wanted": 7})
    assert refusal(await desk.resolve(flag["id"], note="")) == (422, "invalid")
    assert refusal(await desk.resolve(str(uuid4()))) == (404, "flag_not_found")
    first, second = await asyncio.gather(*(desk.resolve(flag["id"], unlockWallet=True) for _ in range(2)))
    assert {first.status_code, second.status_code} == {200, 409}
    assert await desk.flags(person) == []
    (closed,) = await desk.flags(person, "resolved")
    assert (closed["note"], closed["resolvedBy"], closed["walletLocked"]) == ("seen", str(desk.admin.id), False)
    audit = (await desk.admin.ask("GET", "/api/admin/audit?limit=100")).json()["items"]
    own = [entry["action"] for entry in audit if flag["id"] in entry["subject"] or str(person.id) in entry["subject"]]
    assert sorted(own) == ["flag.resolved", "wallet.unlocked"]
    async with transaction(pool) as db:
        assert await fraud.flag(db, "velocity", person.id, "test", {"wanted": 9})
    async with connection(pool) as db:
        assert not (await economy.wallet(db, person.id)).locked
    assert refusal(await person.ask("GET", "/api/admin/flags")) == (403, "role_required")
