"""Gifts in batches: each ends as it would alone, whoever it travels with, and batches never block each other."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio
from redis.asyncio import Redis as AsyncRedis

from domain.economy import queries
from domain.economy.coalesce import GiftBatches
from domain.economy.model import GiftOrder, GiftOutcome
from livestreamx.engines.postgres import Pool, connection, make_pool
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings
from tests.integration.books import database_of_its_own, faults, grant, make_person, make_stream

PEOPLE, ORDERS, ROUNDS = 6, 40, 12
CODES = ("HEART", "ROSE", "CONFETTI", "NOPE")


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with database_of_its_own(settings) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def books(url: str) -> AsyncIterator[Pool]:
    pool = make_pool(url, most=4)
    await pool.open()
    yield pool
    await pool.close()


class World:
    """People with some tokens, one of them locked, some banned, and streams: two live, one private, one over."""

    def __init__(self, url: str, luck: random.Random) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            self.people = [make_person(db) for _ in range(PEOPLE)]
            self.streams = [make_stream(db, creator) for creator in self.people[:4]]
            db.execute("UPDATE streams SET visibility = 'private' WHERE id = %s", (self.streams[2],))
            db.execute("UPDATE streams SET status = 'ended', ended_at = now() WHERE id = %s", (self.streams[3],))
            for person in self.people:
                for reason in ("purchase", "signup"):
                    if tokens := luck.choice((0, 7, 60, 400)):
                        grant(db, person, reason, tokens)
            db.execute("SELECT ledger.lock_wallet(%s, 'dispute')", (self.people[-1],))
            for creator, banned, until in ((0, 1, None), (0, 4, "-1 hour"), (1, 5, "1 hour"), (3, 5, None)):
                ban(db, self.people[creator], self.people[banned], until)

    def orders(self, luck: random.Random, number: int) -> list[GiftOrder]:
        """Whatever people may ask for; keys and combos come again."""
        return [
            GiftOrder(
                sender=luck.choice([*self.people, uuid4()]),
                handle="somebody",
                stream_id=luck.choice([*self.streams, self.streams[0], uuid4()]),
                code=luck.choice(CODES),
                qty=luck.choice((1, 1, 2, 9)),
                combo_id=luck.choice((None, "a", "b")),
                idempotency_key=str(luck.randrange(number)),
                origin="req",
            )
            for _ in range(number)
        ]


def seen(outcome: GiftOutcome) -> object:
    """What two worlds can have in common: not the ids, not the moment."""
    return msgspec.structs.replace(
        outcome,
        gift_event_id=None if outcome.gift_event_id is None else UUID(int=0),
        created_at=None,
    )


async def kept(pool: Pool, world: World, people: list[int]) -> list[tuple[object, ...]]:
    """The gifts that some of the people sent, as they were recorded."""
    async with connection(pool) as db:
        found = await db.execute(
            "SELECT array_position(%s::uuid[], from_user_id) AS person, idempotency_key, gift_code, qty, combo_id, "
            "combo_count, paid, bonus, paid_after, bonus_after FROM gift_events WHERE from_user_id = ANY (%s) "
            "ORDER BY 1, 2",
            (world.people, world.people),
        )
        return [row for row in await found.fetchall() if row[0] in people]


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_a_batch_ends_as_its_gifts_one_by_one(books: Pool, url: str, seed: int) -> None:
    alone, together = (World(url, random.Random(seed)) for _ in range(2))
    luck = random.Random(seed + 1000)
    orders = alone.orders(luck, ORDERS)
    places = dict(zip(alone.people + alone.streams, together.people + together.streams, strict=True))
    async with connection(books) as db:
        one_by_one = [seen(await queries.send_gift(db, order)) for order in orders]
        same = [
            msgspec.structs.replace(
                order,
                gift_event_id=uuid4(),
                sender=places.get(order.sender, order.sender),
                stream_id=places.get(order.stream_id, order.stream_id),
            )
            for order in orders
        ]
        at_once: list[GiftOutcome] = []
        while len(at_once) < len(same):  # in pieces, so that keys and combos also meet earlier batches
            start = len(at_once)
            at_once += await queries.send_gifts(db, same[start : start + luck.randrange(1, 12)])
    unsure: set[UUID] = set()  # who was told to ask again is out of step from there
    for order, expected, got in zip(orders, one_by_one, at_once, strict=True):
        if got.outcome == "again":
            unsure.add(order.sender)
        elif order.sender not in unsure:
            assert seen(got) == expected
    assert len(unsure) < PEOPLE
    sure = [place for place, person in enumerate(alone.people, 1) if person not in unsure]
    assert await kept(books, together, sure) == await kept(books, alone, sure)
    with psycopg.connect(url) as plain:
        assert faults(plain) == {}


async def test_the_rest_of_a_poor_senders_gifts_is_asked_for_singly(books: Pool, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        sender, creator = make_person(db), make_person(db)
        stream = make_stream(db, creator)
        grant(db, sender, "purchase", 12)
    orders = [order_of(sender, stream, code) for code in ("HEART", "CONFETTI", "HEART")]
    async with connection(books) as adb:
        outcomes = await queries.send_gifts(adb, orders)
        assert [one.outcome for one in outcomes] == ["sent", "insufficient", "again"]
        assert (await queries.send_gift(adb, orders[2])).outcome == "sent"


async def test_who_is_banned_gives_nothing_but_what_was_given_before_is_told_again(books: Pool, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        welcome, banned, creator = (make_person(db) for _ in range(3))
        stream = make_stream(db, creator)
        for person in (welcome, banned):
            grant(db, person, "purchase", 100)
        before, after, other = (order_of(banned, stream, key=key) for key in ("before", "after", "other"))
        async with connection(books) as adb:
            assert (await queries.send_gift(adb, before)).outcome == "sent"
            ban(db, creator, banned, None)
            again = msgspec.structs.replace(before, gift_event_id=uuid4())
            outcomes = await queries.send_gifts(adb, [again, after, order_of(welcome, stream)])
            assert [one.outcome for one in outcomes] == ["replayed", "banned", "sent"]
            assert outcomes[1].gift_event_id is None
            assert (await queries.send_gift(adb, other)).outcome == "banned"
            ban(db, creator, banned, "-1 second")
            assert [one.outcome for one in await queries.send_gifts(adb, [after, other])] == ["sent", "sent"]
        assert faults(db) == {}


def ban(db: psycopg.Connection[tuple[object, ...]], creator: UUID, person: UUID, until: str | None) -> None:
    """From now on until so much later, for ever with None."""
    db.execute(
        "INSERT INTO channel_bans (creator_id, user_id, until, reason) VALUES (%s, %s, now() + %s::interval, 'spam') "
        "ON CONFLICT (creator_id, user_id) DO UPDATE SET until = excluded.until",
        (creator, person, until),
    )


def order_of(sender: UUID, stream: UUID, code: str = "HEART", key: str = "") -> GiftOrder:
    return GiftOrder(
        sender=sender, handle="somebody", stream_id=stream, code=code, idempotency_key=key or secrets.token_hex(8)
    )


@pytest_asyncio.fixture(loop_scope="session")
async def batches(books: Pool, redis: AsyncRedis) -> AsyncIterator[GiftBatches]:
    batches = GiftBatches(books, redis)
    batches.start()
    yield batches
    await batches.close()


async def test_racing_gifts_spend_what_there_is(batches: GiftBatches, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        people = [make_person(db) for _ in range(8)]
        streams = [make_stream(db, person) for person in people]
        for person in people:
            grant(db, person, "purchase", 100)
    orders = [order_of(people[n % 8], streams[(n + 1 + n // 8 % 7) % 8]) for n in range(8 * 40)]
    random.Random(1).shuffle(orders)
    outcomes = await asyncio.gather(*(batches.send(order) for order in orders + orders))
    said = [one.outcome for one in outcomes]
    assert said.count("sent") == 8 * 20
    assert set(said) == {"sent", "replayed", "insufficient"}
    ids = {one.gift_event_id for one in outcomes if one.outcome in ("sent", "replayed")}
    assert len(ids) == 8 * 20
    with psycopg.connect(url) as db:
        assert faults(db) == {}


async def test_one_that_breaks_does_not_break_the_others(batches: GiftBatches, url: str) -> None:
    """A gift event's id that is taken already stops a whole batch; the others are then sent singly."""
    with psycopg.connect(url, autocommit=True) as db:
        sender, creator = make_person(db), make_person(db)
        stream = make_stream(db, creator)
        grant(db, sender, "purchase", 100)
    first = order_of(sender, stream)
    assert (await batches.send(first)).outcome == "sent"
    twin = msgspec.structs.replace(order_of(sender, stream), gift_event_id=first.gift_event_id)
    orders = [order_of(sender, stream), twin, order_of(sender, stream)]
    answers = await asyncio.gather(*(batches.send(order) for order in orders), return_exceptions=True)
    assert [getattr(one, "outcome", type(one)) for one in answers] == ["sent", psycopg.errors.UniqueViolation, "sent"]


async def test_a_lost_connection_is_told_and_the_key_learns_the_truth(batches: GiftBatches, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        sender, creator = make_person(db), make_person(db)
        stream = make_stream(db, creator)
        grant(db, sender, "purchase", 1000)
        orders = [order_of(sender, stream) for _ in range(100)]
        sending = asyncio.gather(*(batches.send(order) for order in orders), return_exceptions=True)
        await asyncio.sleep(0)
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        answers = await sending
        for order, answer in zip(orders, answers, strict=True):
            again = await retried(batches, order)
            assert again.outcome in (("replayed",) if isinstance(answer, GiftOutcome) else ("replayed", "sent"))
        assert db.execute("SELECT count(*) FROM gift_events WHERE stream_id = %s", (stream,)).fetchone() == (100,)
        assert faults(db) == {}


async def retried(batches: GiftBatches, order: GiftOrder) -> GiftOutcome:
    """The answer, once the pool has a connection that lives."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                return await batches.send(msgspec.structs.replace(order, gift_event_id=uuid4()))


async def test_what_waits_is_sent_before_the_end_and_nothing_afterwards(
    books: Pool, redis: AsyncRedis, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        sender, creator = make_person(db), make_person(db)
        stream = make_stream(db, creator)
        grant(db, sender, "purchase", 1000)
    closing = GiftBatches(books, redis)
    closing.start()
    sending = asyncio.gather(*(closing.send(order_of(sender, stream)) for _ in range(50)))
    await asyncio.sleep(0)
    await closing.close()
    assert {one.outcome for one in await sending} == {"sent"}
    with pytest.raises(Unavailable):
        await closing.send(order_of(sender, stream))
