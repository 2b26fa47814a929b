"""Gifts of subscriptions: one payment, and each of them reaches somebody once, now or when somebody comes."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis as AsyncRedis

from api.app import create_app
from domain.subscriptions import giving, keeping
from livestreamx.clock import now, uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage
from livestreamx.settings import Settings
from pipelines import audience
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from tests.flows.chunks import chunks_of
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
async def giver(web: AsyncClient) -> Person:
    return await Person.register(web)


async def crowd(web: AsyncClient, number: int) -> list[Person]:
    return list(await asyncio.gather(*(Person.register(web) for _ in range(number))))


def chat(settings: Settings, channel: Channel, people: list[Person], minutes_ago: float = 0) -> None:
    """Each of them says something, as the dataflow takes it in."""
    stream, at = uuid7(), now() - timedelta(minutes=minutes_ago)
    said = [
        ChatMessage(
            stream_id=stream,
            creator_id=channel.creator.id,
            user_id=person.id,
            occurred_at=at,
            message_id=uuid7(),
            handle=person.handle,
            text="hello",
            length=5,
        )
        for person in people
    ]
    with connect_plain(settings.redis_url) as redis:
        chunk_writer(Fence(redis, f"gifts-{secrets.token_hex(6)}"), audience.count)(chunks_of(said))


async def give_out(channel: Channel, redis: AsyncRedis) -> None:
    """As the keeper does, at once."""
    async with channel.pool.connection() as db:
        await db.execute(
            "UPDATE subscription_gifts SET looked_at = '-infinity' WHERE creator_id = %s", (channel.creator.id,)
        )
    while await giving.give_owed(channel.pool, redis):
        pass


async def pay(channel: Channel, giver: Person, qty: int, **wish: object) -> str:
    answer = await channel.give(giver, qty, **wish)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    intent = channel.peer.pay(answer.json()["url"].rsplit("/", 1)[1])
    await channel.deliver_all()
    return intent


async def gift_of(giver: Person) -> dict[str, object]:
    return dict((await giver.ask("GET", "/api/me/gift-subs")).json()["items"][0])


async def lasting(channel: Channel) -> set[str]:
    listed = (await channel.creator.ask("GET", f"{channel.path}/subscribers?limit=100")).json()["items"]
    assert len({one["handle"] for one in listed}) == len(listed)
    return {one["handle"] for one in listed}


async def test_they_reach_chatters_who_may_have_one_and_the_rest_waits(
    channel: Channel, giver: Person, settings: Settings, redis: AsyncRedis
) -> None:
    has, banned, refuses, gone, *others = await crowd(channel.web, 9)
    await channel.subscribe(has)
    stream = await channel.creator.announce()
    await channel.creator.ask("POST", f"/api/streams/{stream}/bans", json={"userId": str(banned.id)})
    assert (await refuses.ask("PUT", "/api/me/gift-subs/choice", json={"accept": False})).json() == {"accept": False}
    chat(settings, channel, [gone], minutes_ago=11)
    chat(settings, channel, [has, banned, refuses, giver, channel.creator, *others[:3]])
    await pay(channel, giver, 5)
    await give_out(channel, redis)
    assert await lasting(channel) == {has.handle, *(one.handle for one in others[:3])}
    assert (await gift_of(giver))["given"] == 3
    assert (await gift_of(giver))["state"] == "paid"
    chat(settings, channel, others)
    await give_out(channel, redis)
    assert await lasting(channel) == {has.handle, *(one.handle for one in others)}
    assert (await gift_of(giver))["state"] == "given"
    got = await channel.standing(others[0])
    assert (got["state"], got["gifted"], got["renewsAt"]) == ("active", True, None)
    assert (await channel.earnings())["pending"] == (499 + 5 * 499) * 70 // 100
    told = [event for event in await channel.events() if event["type"] == "sub.gifted"]
    assert sorted(event["given"] for event in told) == [1, 2, 3, 4, 5]
    assert {event["recipient"] for event in told} == {one.handle for one in others}
    assert await channel.faults() == []


async def test_who_gets_them_is_chance(channel: Channel, giver: Person, settings: Settings, redis: AsyncRedis) -> None:
    people = await crowd(channel.web, 8)
    chat(settings, channel, people)
    won: list[frozenset[str]] = []
    for _ in range(2):
        await pay(channel, giver, 3)
        await give_out(channel, redis)
        won.append(frozenset(await lasting(channel)))
    assert len(won[0]) == 3
    assert len(won[1]) == 6
    assert won[0] < won[1]


async def test_several_who_give_out_at_once_give_each_once(
    channel: Channel, giver: Person, settings: Settings, redis: AsyncRedis
) -> None:
    people = await crowd(channel.web, 6)
    chat(settings, channel, people)
    for _ in range(3):
        await pay(channel, giver, 4)
    await asyncio.gather(*(give_out(channel, redis) for _ in range(4)))
    await give_out(channel, redis)
    assert len(await lasting(channel)) == 6
    given = [int(gift["given"]) for gift in (await giver.ask("GET", "/api/me/gift-subs")).json()["items"]]
    assert sum(given) == 6
    assert max(given) <= 4
    assert await channel.faults() == []


async def test_one_for_somebody_waits_until_they_can_have_it(
    channel: Channel, giver: Person, redis: AsyncRedis
) -> None:
    friend, other = await crowd(channel.web, 2)
    assert refusal(await channel.give(giver, 2, recipient=friend.id)) == (422, "one_for_somebody")
    assert refusal(await channel.give(giver, 1, recipient=giver.id)) == (403, "recipient_refuses_gifts")
    assert refusal(await channel.give(giver, 1, recipient=uuid7())) == (404, "user_not_found")
    await other.ask("PUT", "/api/me/gift-subs/choice", json={"accept": False})
    assert refusal(await channel.give(giver, 1, recipient=other.id)) == (403, "recipient_refuses_gifts")
    answer = await channel.give(giver, 1, 2, friend.id)
    assert (answer.json()["totalMinor"], answer.json()["gift"]["state"]) == (999, "created")
    number = await channel.subscribe(friend)  # they subscribed themselves meanwhile
    channel.peer.pay(answer.json()["url"].rsplit("/", 1)[1])
    await channel.deliver_all()
    await give_out(channel, redis)
    assert (await gift_of(giver))["given"] == 0
    assert refusal(await channel.give(giver, 1, recipient=friend.id)) == (409, "already_subscribed")
    channel.peer.end(number)
    await channel.deliver_all()
    await channel.age(31)
    while await keeping.move_due(channel.pool, redis):
        pass
    await give_out(channel, redis)
    got = await channel.standing(friend)
    assert (got["state"], got["gifted"], got["tier"]) == ("active", True, 2)
    await channel.age(31)
    while await keeping.move_due(channel.pool, redis):
        pass
    assert await channel.state(friend) == "expired"
    assert await channel.faults() == []


async def test_money_that_goes_back_takes_them_back(
    channel: Channel, giver: Person, settings: Settings, redis: AsyncRedis
) -> None:
    people = await crowd(channel.web, 2)
    chat(settings, channel, people)
    intent = await pay(channel, giver, 3)
    await give_out(channel, redis)
    assert len(await lasting(channel)) == 2
    channel.peer.dispute(intent, "lost")
    await channel.deliver_all()
    assert await lasting(channel) == set()
    assert sum((await channel.earnings()).values()) == 0
    assert (await gift_of(giver))["state"] == "refunded"
    chat(settings, channel, await crowd(channel.web, 1))
    await give_out(channel, redis)
    assert await lasting(channel) == set()
    channel.peer.dispute(intent, "won")
    await channel.deliver_all()
    assert len(await lasting(channel)) == 2
    await give_out(channel, redis)
    assert len(await lasting(channel)) == 3
    assert (await channel.earnings())["pending"] == 3 * 499 * 70 // 100
    assert await channel.faults() == []


async def test_news_of_its_payment_in_any_order_end_alike(channel: Channel, giver: Person) -> None:
    for seed in range(4):
        answer = await channel.give(giver, 2)
        intent = channel.peer.pay(answer.json()["url"].rsplit("/", 1)[1])
        channel.peer.dispute(intent, "needs_response")
        channel.peer.dispute(intent, "won" if seed % 2 else "lost")
        await channel.deliver_all(random.Random(seed))
        assert (await gift_of(giver))["state"] == ("paid" if seed % 2 else "refunded")
    assert (await channel.earnings())["pending"] == 2 * 2 * 499 * 70 // 100
    assert (await channel.earnings())["contested"] == 0
    assert await channel.faults() == []
