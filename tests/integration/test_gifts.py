"""Gifts over REST and through the service: charged once, refused with the reason, and told to those who should know."""

import asyncio
import secrets
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from redis.asyncio import Redis as AsyncRedis

from domain.economy import service
from domain.economy.model import GiftOrder, GiftReceipt, InsufficientTokens, KeyReused, Wallet
from livestreamx import events, keys
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import DomainError
from tests.conftest import free_port
from tests.integration.people import Person, refusal

HEART = {"code": "HEART"}


class Show:
    """A viewer with the sign-up tokens, a creator, and the creator's live stream."""

    def __init__(self, pool: Pool, redis: AsyncRedis, viewer: Person, creator: Person, stream: str) -> None:
        self.pool, self.redis, self.viewer, self.creator, self.stream = pool, redis, viewer, creator, stream

    async def post(self, body: object, key: str | None = "", sender: Person | None = None) -> Response:
        """A gift over REST; a key of its own unless one is given, none at all for None."""
        headers = {} if key is None else {"Idempotency-Key": key or secrets.token_hex(8)}
        who = sender or self.viewer
        return await who.ask("POST", f"/api/streams/{self.stream}/gifts", json=body, headers=headers)

    async def send(self, code: str, qty: int = 1, key: str = "", **more: Any) -> GiftReceipt:
        """A gift through the service, as the socket sends it."""
        redis = more.pop("redis", self.redis)
        order = GiftOrder(
            sender=self.viewer.id,
            handle=self.viewer.handle,
            stream_id=UUID(self.stream),
            code=code,
            qty=qty,
            idempotency_key=key or secrets.token_hex(8),
            **more,
        )
        return await service.send_gift(self.pool, redis, order)

    async def wallet(self) -> Wallet:
        async with connection(self.pool) as db:
            return await service.wallet(db, self.viewer.id)

    async def buy(self, tokens: int) -> None:
        async with transaction(self.pool) as db:
            await service.grant(db, self.viewer.id, tokens, "purchase")

    async def told(self) -> list[tuple[dict[str, Any], str]]:
        """The `gift.sent` events of this stream in the outbox, as plain JSON, with their request ids."""
        async with connection(self.pool) as db:
            found = await db.execute(
                "SELECT convert_from(payload, 'UTF8')::json, request_id FROM outbox "
                "WHERE key = %s AND topic = 'economy' ORDER BY seq",
                (self.stream,),
            )
            return await found.fetchall()  # type: ignore[return-value]


@pytest_asyncio.fixture(loop_scope="session")
async def show(api: AsyncClient, pool: Pool, redis: AsyncRedis) -> Show:
    viewer, creator = await Person.register(api), await Person.creator(api)
    return Show(pool, redis, viewer, creator, await creator.go_live())


async def test_a_gift_is_charged_once_however_often_it_is_asked(show: Show) -> None:
    first, again = await show.post(HEART, "k"), await show.post(HEART, "k")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.json() | {"giftEventId": "", "createdAt": ""} == {
        "giftEventId": "",
        "createdAt": "",
        "code": "HEART",
        "qty": 1,
        "tokens": 5,
        "balance": 95,
    }
    assert await show.wallet() == Wallet(tokens=95, paid=0, bonus=95)
    listed = (await show.creator.ask("GET", f"/api/streams/{show.stream}/gift-events")).json()
    assert listed["nextCursor"] is None
    assert [(e["id"], e["giftCode"], e["tokens"], e["qty"], e["fromUser"]) for e in listed["items"]] == [
        (first.json()["giftEventId"], "HEART", 5, 1, show.viewer.handle)
    ]


async def test_a_late_retry_gives_the_first_receipt(show: Show) -> None:
    first = await show.send("HEART", key="k")
    await show.send("ROSE")
    await show.creator.ask("POST", f"/api/streams/{show.stream}/end")
    assert await show.send("HEART", key="k") == first
    with pytest.raises(KeyReused):
        await show.send("HEART", 2, key="k")


async def test_the_event_says_all_of_the_gift(show: Show) -> None:
    await show.buy(10)
    await show.send("ROSE", 9, combo_id="c-1")
    receipt = await show.send("ROSE", 2, combo_id="c-1", origin="req-42")
    sent, request_id = (await show.told())[-1]
    event = events.decode(msgspec.json.encode(sent))
    assert isinstance(event, events.GiftSent)
    assert set(sent) == {"type", *events.GiftSent.__struct_fields__}
    assert event == events.GiftSent(
        event_id=event.event_id,
        occurred_at=receipt.created_at,
        stream_id=UUID(show.stream),
        creator_id=show.creator.id,
        user_id=show.viewer.id,
        gift_event_id=receipt.gift_event_id,
        code="ROSE",
        name="Rose",
        qty=2,
        tokens=20,
        paid=10,
        bonus=10,
        handle=show.viewer.handle,
        rarity="common",
        animation_key="rose",
        combo_id="c-1",
        combo_count=2,
    )
    assert request_id == "req-42"
    assert receipt.balance == await show.wallet() == Wallet(tokens=0, paid=0, bonus=0)


REFUSED: dict[str, tuple[object, int, str]] = {
    "more than one has": ({"code": "CROWN"}, 402, "insufficient_tokens"),
    "of a code that is not": ({"code": "NOPE"}, 404, "unknown_gift"),
    "with a NUL in the code": ({"code": "HE\0ART"}, 404, "unknown_gift"),
    "of none": ({"code": "HEART", "qty": 0}, 422, "invalid"),
    "of too many": ({"code": "HEART", "qty": 100}, 422, "invalid"),
    "with a control character in the combo": ({"code": "HEART", "comboId": "a\0"}, 422, "invalid"),
    "with an unknown field": ({"code": "HEART", "sneaky": 1}, 422, "invalid"),
    "without a code": ({}, 422, "invalid"),
    "that is no object": ([], 422, "invalid"),
}


@pytest.mark.parametrize("gift", REFUSED)
async def test_refused_is_a_gift(show: Show, gift: str) -> None:
    body, status, code = REFUSED[gift]
    answer = await show.post(body)
    assert refusal(answer) == (status, code)
    if code == "insufficient_tokens":
        assert (answer.json()["balance"], answer.json()["cost"]) == (100, 1000)
    assert await show.wallet() == Wallet(tokens=100, paid=0, bonus=100)
    assert await show.told() == []


async def test_refused_are_gifts_in_the_wrong_place(show: Show, api: AsyncClient) -> None:
    assert refusal(await show.post(HEART, sender=show.creator)) == (403, "self_gift")
    assert refusal(await show.post(HEART, key=None)) == (422, "invalid")
    assert refusal(await show.post(HEART, key="k" * 129)) == (422, "invalid")
    anonymous = await api.post(f"/api/streams/{show.stream}/gifts", json=HEART, headers={"Idempotency-Key": "k"})
    assert refusal(anonymous) == (401, "unauthenticated")
    there = show.stream
    for place, expected in (
        (str(uuid4()), (404, "stream_not_found")),
        (await show.creator.announce(), (409, "not_live")),
        (await show.creator.announce(visibility="private"), (404, "stream_not_found")),
    ):
        show.stream = place
        assert refusal(await show.post(HEART)) == expected
    show.stream = there
    await show.creator.ask("POST", f"/api/streams/{there}/end")
    assert refusal(await show.post(HEART)) == (409, "not_live")
    assert (await show.wallet()).tokens == 100


async def test_a_locked_wallet_receives_but_does_not_spend(show: Show) -> None:
    async with transaction(show.pool) as db:
        await service.lock_wallet(db, show.viewer.id, "a payment is disputed")
    refused = await show.post(HEART)
    assert refusal(refused) == (423, "wallet_locked")
    assert (refused.json()["reason"], "a payment is disputed" in refused.json()["detail"]) == ("admin", True)
    await show.buy(7)
    assert await show.wallet() == Wallet(tokens=107, paid=7, bonus=100, locked=True)
    async with transaction(show.pool) as db:
        await service.unlock_wallet(db, show.viewer.id)
    assert (await show.post(HEART)).status_code == 201


async def test_fifty_racing_gifts_with_tokens_for_ten(show: Show) -> None:
    async def one() -> str:
        try:
            await show.send("ROSE")
        except InsufficientTokens as refused:
            return f"costs {refused.extra['cost']}, has {refused.extra['balance']}"
        return "sent"

    assert Counter(await asyncio.gather(*(one() for _ in range(50)))) == {"sent": 10, "costs 10, has 0": 40}
    assert (await show.wallet()).tokens == 0
    assert len(await show.told()) == 10


async def test_racing_retries_are_one_gift(show: Show) -> None:
    receipts = await asyncio.gather(*(show.send("ROSE", key="once") for _ in range(30)))
    assert len(set(map(msgspec.json.encode, receipts))) == 1
    assert (await show.wallet()).tokens == 90
    assert len(await show.told()) == 1


async def test_racing_requests_under_one_key_are_one_gift_and_refusals(show: Show) -> None:
    async def one(qty: int) -> UUID | str:
        try:
            return (await show.send("HEART", qty, key="once")).gift_event_id
        except DomainError as refused:
            return refused.given_code

    got = Counter(await asyncio.gather(*(one(1 + number % 3) for number in range(30))))
    assert got.pop("idempotency_key_reused") == 20
    assert list(got.values()) == [10]
    assert len(await show.told()) == 1


async def test_the_sender_is_told_the_balance_once(show: Show) -> None:
    async with show.redis.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(keys.person_channel(show.viewer.id))
        for _ in range(2):
            await show.send("HEART", key="once")
        await show.send("ROSE")
        heard: list[dict[str, Any]] = []
        async with asyncio.timeout(60):
            while len(heard) < 2:
                message = await channel.get_message(timeout=1)
                if message is not None:
                    heard.append(msgspec.json.decode(message["data"]))
    assert [(one["event"], one["data"]) for one in heard] == [
        ("wallet:balance", {"tokens": 95, "paid": 0, "bonus": 95}),
        ("wallet:balance", {"tokens": 85, "paid": 0, "bonus": 85}),
    ]
    assert datetime.fromisoformat(heard[0]["ts"]).tzinfo is not None


async def test_a_gift_stands_when_nobody_can_be_told(show: Show) -> None:
    away = redis_engine.connect(f"redis://127.0.0.1:{free_port()}/0")
    assert (await show.send("HEART", redis=away)).balance.tokens == 95
    await away.aclose()
    assert (await show.wallet()).tokens == 95


async def test_a_streams_gifts_come_in_pages(show: Show) -> None:
    sent = [str((await show.send("HEART")).gift_event_id) for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (
            await show.viewer.ask(
                "GET", f"/api/streams/{show.stream}/gift-events?limit=2{cursor and f'&cursor={cursor}'}"
            )
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert seen == sent[::-1]
    assert refusal(await show.viewer.ask("GET", f"/api/streams/{show.stream}/gift-events?cursor=x")) == (
        422,
        "bad_cursor",
    )
    assert refusal(await show.viewer.ask("GET", f"/api/streams/{uuid4()}/gift-events")) == (404, "stream_not_found")


async def test_the_catalogue(api: AsyncClient) -> None:
    gifts = (await api.get("/api/gifts")).json()["items"]
    assert [(gift["code"], gift["tokenCost"]) for gift in gifts] == [
        ("HEART", 5),
        ("ROSE", 10),
        ("HAMMER", 25),
        ("CONFETTI", 50),
        ("SHOUT", 75),
        ("ROCKET", 100),
        ("FILTER", 150),
        ("BG_SWAP", 200),
        ("WHEEL", 250),
        ("CROWN", 1000),
    ]
    legendary = (await api.get("/api/gifts?rarity=legendary")).json()["items"]
    assert legendary == [gifts[-1]]
    assert refusal(await api.get("/api/gifts?rarity=mythic")) == (422, "invalid")
