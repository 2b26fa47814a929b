"""Subscribing with Stripe's own client against a peer: from the button to the creator's earnings, and out again."""

import random
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis as AsyncRedis

from api.app import create_app
from domain.subscriptions import keeping
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.integration.conftest import served
from tests.integration.people import Person, refusal
from tests.integration.subscribing import Channel
from tests.stripe_peer import events
from tests.stripe_peer.app import serving
from tests.stripe_peer.peer import Peer

# Stripe's client hands its form to httpx by the older of two names.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with serving(Peer()) as peer:
        yield peer


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def web(settings: Settings, peer: Peer) -> AsyncIterator[AsyncClient]:
    on = msgspec.structs.replace(
        settings,
        stripe_key="sk_test_peer",
        stripe_webhook_secret=events.SECRET,
        stripe_api_base=peer.url,
        rate_limits=False,
    )
    app = create_app(on)
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def channel(web: AsyncClient, peer: Peer, pool: Pool) -> Channel:
    peer.outbox.clear()
    return Channel(web, peer, pool, await Person.creator(web))


@pytest_asyncio.fixture(loop_scope="session")
async def fan(web: AsyncClient) -> Person:
    return await Person.register(web)


async def test_a_month_is_paid_and_split_once(channel: Channel, fan: Person) -> None:
    tiers = (await channel.web.get("/api/subscription-tiers")).json()
    assert [(tier["tier"], tier["priceMinor"]) for tier in tiers["items"]] == [(1, 499), (2, 999), (3, 2499)]
    asked = await channel.ask(fan, 2)
    assert asked.status_code == 201
    assert asked.json()["subscription"]["state"] == "incomplete"
    session = asked.json()["url"].rsplit("/", 1)[1]
    assert channel.peer.sessions[session]["amount_total"] == 999
    assert await channel.state(fan) == "incomplete"
    channel.peer.pay(session)
    waiting = list(channel.peer.outbox)
    assert "settled" in await channel.deliver_all()
    assert {await channel.deliver(body) for body in waiting} == {"duplicate", "ignored", "kept"} - {"kept"}
    held = await channel.standing(fan)
    assert (held["state"], held["tier"], held["gifted"], held["endsAt"]) == ("active", 2, False, None)
    assert held["perks"] == ["badge", "subscribers_chat", "xp_boost"]
    assert held["renewsAt"] > held["startedAt"]
    assert (await channel.earnings())["pending"] == 699  # 70 % of 9.99, the rest of a cent is kept in the ledger
    assert await channel.told() == ["sub.started"]
    assert [one["id"] for one in (await fan.ask("GET", "/api/me/subscriptions")).json()["items"]] == [held["id"]]
    summary = (await channel.creator.ask("GET", f"{channel.path}/subscribers/summary")).json()
    assert (summary["subscribers"], summary["mrrMinor"]) == (1, 999)
    listed = (await channel.creator.ask("GET", f"{channel.path}/subscribers")).json()["items"]
    assert [one["handle"] for one in listed] == [fan.handle]
    assert refusal(await fan.ask("GET", f"{channel.path}/subscribers")) == (403, "not_owner")
    assert await channel.faults() == []


async def test_what_may_not_be_subscribed_to(channel: Channel, fan: Person) -> None:
    assert refusal(await channel.ask(channel.creator)) == (403, "self_subscription")
    nobody = f"/api/creators/{uuid4()}/subscribe"
    answer = await fan.ask("POST", nobody, json={"tier": 1}, headers={"Idempotency-Key": "k"})
    assert refusal(answer) == (404, "creator_not_found")
    assert refusal(await fan.ask("GET", f"{channel.path}/subscription")) == (404, "not_subscribed")
    assert refusal(await fan.ask("DELETE", f"{channel.path}/subscription")) == (404, "not_subscribed")
    answer = await fan.ask("POST", f"{channel.path}/subscribe", json={"tier": 4}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    stream = await channel.creator.announce()
    await channel.creator.ask("POST", f"/api/streams/{stream}/bans", json={"userId": str(fan.id)})
    assert refusal(await channel.ask(fan)) == (403, "banned")


async def test_an_order_is_the_same_until_it_is_paid_and_another_tier_takes_its_place(
    channel: Channel, fan: Person
) -> None:
    first = await channel.ask(fan, 1, "one")
    assert (await channel.ask(fan, 1, "one")).json() == first.json() == (await channel.ask(fan, 1, "two")).json()
    assert refusal(await channel.ask(fan, 2, "one")) == (409, "idempotency_key_reused")
    second = await channel.ask(fan, 2, "three")
    assert second.json()["url"] != first.json()["url"]
    session = first.json()["url"].rsplit("/", 1)[1]
    assert channel.peer.sessions[session]["status"] == "expired"
    channel.peer.pay(second.json()["url"].rsplit("/", 1)[1])
    assert refusal(await channel.ask(fan, 3, "four")) == (409, "checkout_closed")  # paid, and not told yet
    await channel.deliver_all()
    assert refusal(await channel.ask(fan, 3, "five")) == (409, "already_subscribed")
    assert await channel.told() == ["sub.started"]


async def test_it_is_renewed_canceled_and_runs_out(channel: Channel, fan: Person, redis: AsyncRedis) -> None:
    number = await channel.subscribe(fan)
    before = await channel.standing(fan)
    channel.peer.bill(number)
    await channel.deliver_all()
    renewed = await channel.standing(fan)
    assert renewed["renewsAt"] > before["renewsAt"]
    assert (await channel.earnings())["pending"] == 698  # twice 349.30
    ended = await fan.ask("DELETE", f"{channel.path}/subscription")
    assert (ended.status_code, ended.json()["state"], ended.json()["renewsAt"]) == (200, "canceled", None)
    assert ended.json()["endsAt"] == renewed["renewsAt"]
    assert channel.peer.subscriptions[number].ends
    assert (await fan.ask("DELETE", f"{channel.path}/subscription")).json() == ended.json()
    await channel.deliver_all()
    assert refusal(await channel.ask(fan)) == (409, "already_subscribed")
    await channel.age(61)
    channel.peer.end(number)
    await channel.deliver_all()
    while await keeping.move_due(channel.pool, redis):
        pass
    over = await channel.standing(fan)
    assert (over["state"], over["perks"]) == ("expired", [])
    assert await channel.told() == ["sub.started", "sub.renewed", "sub.canceled", "sub.expired"]
    assert (await channel.ask(fan)).status_code == 201
    assert await channel.faults() == []


async def test_a_month_that_is_not_paid_is_waited_for_a_week(channel: Channel, fan: Person, redis: AsyncRedis) -> None:
    number = await channel.subscribe(fan)
    await channel.age(31)
    channel.peer.decline(number)
    await channel.deliver_all()
    assert await channel.state(fan) == "past_due"
    channel.peer.bill(number)
    await channel.deliver_all()
    assert await channel.state(fan) == "active"
    await channel.age(31)
    while await keeping.move_due(channel.pool, redis):
        pass
    assert await channel.state(fan) == "past_due"  # a day of silence
    await channel.age(7)
    while await keeping.move_due(channel.pool, redis):
        pass
    assert await channel.state(fan) == "expired"
    kinds = ["sub.started", "sub.past_due", "sub.renewed", "sub.past_due", "sub.expired"]
    assert await channel.told() == kinds
    channel.peer.bill(number)  # paid after all
    await channel.deliver_all()
    assert await channel.state(fan) == "active"
    assert (await channel.earnings())["pending"] == 1047
    assert await channel.faults() == []


async def test_a_refund_and_a_dispute_take_the_creators_share_back(channel: Channel, fan: Person) -> None:
    session = await channel.order(fan, 3)
    intent = channel.peer.pay(session)
    await channel.deliver_all()
    assert (await channel.earnings())["pending"] == 1749
    channel.peer.dispute(intent, "needs_response")
    await channel.deliver_all()
    assert await channel.earnings() | {"paid": 0} == {
        "pending": 0, "contested": 1749, "available": 0, "inPayout": 0, "paid": 0, "debt": 0,
    }  # fmt: skip
    assert await channel.state(fan) == "active"
    channel.peer.dispute(intent, "lost")
    await channel.deliver_all()
    assert sum((await channel.earnings()).values()) == 0
    assert await channel.state(fan) == "expired"
    channel.peer.dispute(intent, "won")
    await channel.deliver_all()
    assert (await channel.earnings())["pending"] == 1749
    assert await channel.state(fan) == "active"
    assert await channel.told() == ["sub.started", "sub.reversed", "sub.expired", "sub.reversed"]
    assert await channel.faults() == []


async def test_what_has_matured_is_taken_out_of_what_is_available_or_owed(
    channel: Channel, fan: Person, pool: Pool
) -> None:
    session = await channel.order(fan, 3)
    intent = channel.peer.pay(session)
    await channel.deliver_all()
    async with pool.connection() as db:
        await db.execute("SELECT ledger.mature_earnings(%s, %s, clock_timestamp())", (channel.creator.id, uuid4()))
    assert (await channel.earnings())["available"] == 1749
    async with pool.connection() as db:
        await db.execute(
            "SELECT ledger.move_payout((ledger.request_payout(%s, 1000, 'k')).payout_id, 'review')",
            (channel.creator.id,),
        )
    channel.peer.dispute(intent, "lost")
    await channel.deliver_all()
    found = await channel.earnings()
    assert (found["available"], found["inPayout"], found["debt"]) == (0, 1000, 1000)
    channel.peer.dispute(intent, "won")
    await channel.deliver_all()
    found = await channel.earnings()
    assert (found["available"], found["inPayout"], found["debt"]) == (749, 1000, 0)
    assert await channel.faults() == []


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_news_ends_alike(channel: Channel, web: AsyncClient, seed: int) -> None:
    chance = random.Random(seed)
    people = [await Person.register(web) for _ in range(4)]
    sessions = [await channel.order(person, 1 + index % 3) for index, person in enumerate(people)]
    intents = [channel.peer.pay(session) for session in sessions]
    numbers = [channel.peer.sessions[session]["subscription"] for session in sessions]
    channel.peer.bill(numbers[0])
    channel.peer.dispute(intents[1], "needs_response")
    channel.peer.dispute(intents[1], "lost")
    channel.peer.dispute(intents[2], "needs_response")
    channel.peer.dispute(intents[2], "won")
    channel.peer.subscriptions[numbers[3]].ends = True
    channel.peer.tell("customer.subscription.updated", channel.peer.subscriptions[numbers[3]].shown())
    channel.peer.decline(numbers[2])
    outcomes = await channel.deliver_all(chance)
    assert outcomes.count("duplicate") * 2 + outcomes.count("ignored") == len(outcomes)
    assert [await channel.state(person) for person in people] == ["active", "expired", "past_due", "canceled"]
    assert (await channel.earnings())["pending"] == (499 * 2 * 70 + 2499 * 70 + 499 * 70) // 100
    assert (await channel.earnings())["contested"] == 0
    told = await channel.told()
    assert (told.count("sub.started"), told.count("sub.renewed")) == (4, 1)
    assert await channel.faults() == []


async def test_the_statement_has_what_subscriptions_brought_and_what_went_back(channel: Channel, fan: Person) -> None:
    session = await channel.order(fan, 1)
    intent = channel.peer.pay(session)
    await channel.deliver_all()
    await channel.refund(intent, 199)
    month = f"{now():%Y-%m}"
    text = (await channel.creator.ask("GET", f"/api/payouts/statement?month={month}")).text
    lines = [line.split(",") for line in text.splitlines()]
    assert [(line[1], *line[3:]) for line in lines[1:]] == [
        ("subscription", "4.9900", "1.4970", "0.0000", "3.4930"),
        ("refund", "0.0000", "0.0000", "-1.3930", "-1.3930"),
        ("total", "4.9900", "1.4970", "-1.3930", "2.1000"),
    ]
    assert await channel.state(fan) == "active"  # something of the month is paid still
    assert (await channel.earnings())["pending"] == 210
    assert await channel.faults() == []
