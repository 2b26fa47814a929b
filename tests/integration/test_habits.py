"""Habits online: the same numbers as training sees, each act once, fresh within seconds, and gone on request."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from bench.skew import World, archive, choose, compare, differences, look_back, play
from features.affinity import MINUTES, PRESENT, TOKENS, VISITS
from features.offline import read_history
from features.store import read_bonds
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines import clickhouse
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.migrate import migrate_clickhouse
from livestreamx.events import Event, GiftSent, HistoryDeleted, RecommendationsChosen, ViewerHeartbeat, ViewerJoined
from livestreamx.settings import Settings
from pipelines import habits
from pipelines.fences import FenceMovedError
from pipelines.habits import habits_writer
from pipelines.records import Chunk, Record
from tests.builders import eventually
from tests.integration.flows import Log, dataflows

GAP = 45


@pytest.fixture(name="apart")
def redis_of_its_own(settings: Settings) -> str:
    """The address of a Redis database that nobody else uses."""
    url = urlunsplit(urlsplit(settings.redis_url)._replace(path="/9"))
    with redis_engine.connect_plain(url) as store:
        store.flushdb()
    return url


@pytest.fixture(name="store")
def redis_client(apart: str) -> Iterator[Redis]:
    with redis_engine.connect_plain(apart) as store:
        yield store


@pytest.fixture(name="past")
def history_of_its_own(settings: Settings) -> Iterator[Client]:
    """A database of ClickHouse with our tables and nothing in them."""
    name = f"habits_{uuid7().hex[:12]}"
    url = urlunsplit(urlsplit(settings.clickhouse_url)._replace(path=""))
    migrate_clickhouse(url, name)
    with clickhouse.connect_plain(url, name) as db:
        yield db
        db.command(f"DROP DATABASE {name} SYNC")


class Person:
    """A viewer and a creator, and what the one does at the other's."""

    def __init__(self) -> None:
        self.user, self.creator, self.stream = uuid7(), uuid7(), uuid7()
        self.began = now() - timedelta(hours=1)

    def at(self, seconds: float) -> dict[str, Any]:
        ids = {"user_id": self.user, "creator_id": self.creator, "stream_id": self.stream, "session_id": "one"}
        return {"occurred_at": self.began + timedelta(seconds=seconds), **ids}

    def instant(self, seconds: float) -> float:
        return (self.began + timedelta(seconds=seconds)).timestamp()

    def watched(self, *seconds: float) -> list[Event]:
        return [ViewerJoined(**self.at(seconds[0])), *(ViewerHeartbeat(**self.at(second)) for second in seconds[1:])]


def chunk(events: list[Any], start: int | None, until: float, topic: str = "interactions") -> Chunk:
    records = [Record((start or 0) + number, int(until * 1000), event) for number, event in enumerate(events)]
    return Chunk(
        topic=topic,
        partition=0,
        start=start,
        next=(start or 0) + len(events),
        records=records,
        caught_up=True,
        read_ms=int(until * 1000),
    )


async def known(apart: str, person: Person, seconds: float) -> dict[str, float]:
    """The numbers of the person's bond as of so many seconds, empty without one."""
    store = redis_engine.connect(apart)
    creators, bonds = await read_bonds(store, person.user, person.instant(seconds))
    await store.aclose()
    if not creators:
        return {}
    assert creators == (str(person.creator),)
    sums = bonds.sums[0]
    return {"visits": sums[VISITS], "minutes": sums[MINUTES], "tokens": sums[TOKENS], "present": sums[PRESENT]}


def test_online_and_offline_never_differ(apart: str, past: Client) -> None:
    world = World(viewers=60, channels=15, visits=700, days=6.0, seed=3)
    bound, found = compare(world, apart, past, samples=900, instants=30)
    assert bound > 250
    assert found == {}


def test_a_skew_would_be_seen(apart: str, store: Redis, past: Client) -> None:
    """The side of history is given a visit and a gift that never reached the dataflow."""
    world = World(viewers=20, channels=5, visits=150, days=2.0, seed=4)
    asked = choose(world, 200, 10)
    online = play(world, store, apart, asked)
    missed = min((event for event in world.events if isinstance(event, GiftSent)), key=lambda event: event.occurred_at)
    world.events.append(msgspec.structs.replace(missed, event_id=uuid7(), creator_id=UUID(asked[-1][1][0][1])))
    archive(world, past)
    assert "watched" not in (found := differences(online, look_back(world, past, asked)))
    assert "given" in found


async def test_a_visit_counts_when_it_begins_and_its_minutes_when_it_is_over(apart: str, store: Redis) -> None:
    person, write = Person(), habits_writer(store, GAP)
    write([chunk(person.watched(0, 15, 30, 60), None, person.instant(61))])
    assert await known(apart, person, 61) == {"visits": 1, "minutes": 0, "tokens": 0, "present": 1}
    write([chunk([], 4, person.instant(60 + GAP + 1))])
    over = await known(apart, person, 60 + GAP + 1)
    assert over == {"visits": 1, "minutes": pytest.approx(1.0, rel=1e-4), "tokens": 0, "present": 0}
    write([chunk(person.watched(200, 215), 4, person.instant(216))])
    assert (await known(apart, person, 216))["visits"] == 2


async def test_a_flow_that_starts_again_goes_on_with_the_visits(apart: str, store: Redis) -> None:
    person = Person()
    write = habits_writer(store, GAP)
    first = chunk(person.watched(0, 15), None, person.instant(16))
    write([first])
    again = habits_writer(store, GAP)
    with pytest.raises(FenceMovedError):
        again([first])
    again = habits_writer(store, GAP)
    again([chunk([ViewerHeartbeat(**person.at(30))], 2, person.instant(31))])
    again([chunk([], 3, person.instant(30 + GAP + 1))])
    assert (await known(apart, person, 100))["visits"] == 1
    assert (await known(apart, person, 100))["minutes"] == pytest.approx(0.5, rel=1e-4)


async def test_what_was_deleted_meanwhile_does_not_return(
    apart: str, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody deletes their history between the reading of their bonds and the writing."""
    person, write, rows = Person(), habits_writer(store, GAP), habits.read_rows
    write([chunk(person.watched(0, 15), None, person.instant(16))])
    forgotten = person.instant(190)
    read = []

    def deleting(redis: Redis, pairs: Any) -> Any:
        found = rows(redis, pairs)
        if not read:
            store.hset(keys.forgotten(), str(person.user), repr(forgotten))
            store.delete(keys.habits(person.user))
        read.append(pairs)
        return found

    monkeypatch.setattr(habits, "read_rows", deleting)
    write([chunk(person.watched(200, 210), 2, person.instant(211))])
    assert len(read) == 2
    assert await known(apart, person, 211) == {"visits": 1, "minutes": 0, "tokens": 0, "present": 1}
    write([chunk([], 4, person.instant(210 + GAP + 1))])
    assert (await known(apart, person, 300))["minutes"] == pytest.approx(10 / 60, rel=1e-4)


async def test_nothing_is_kept_of_who_opts_out(apart: str, store: Redis) -> None:
    person, write = Person(), habits_writer(store, GAP)
    write([chunk(person.watched(0, 15), None, person.instant(16))])
    who = {"user_id": person.user, "occurred_at": person.at(20)["occurred_at"]}
    write([chunk([RecommendationsChosen(opt_out=True, **who)], None, person.instant(21), "lifecycle")])
    write([chunk(person.watched(30, 45), 2, person.instant(46))])
    gift = {"gift_event_id": uuid7(), "handle": "h", "code": "HEART", "qty": 1, "tokens": 5, "paid": 5, "bonus": 0}
    write([chunk([GiftSent(**gift, **person.at(46))], None, person.instant(46), "economy")])
    write([chunk([], 4, person.instant(300))])
    assert await known(apart, person, 300) == {}
    who["occurred_at"] = person.at(400)["occurred_at"]
    write([chunk([RecommendationsChosen(opt_out=False, **who)], 1, person.instant(401), "lifecycle")])
    write([chunk(person.watched(500, 515), 4, person.instant(516))])
    assert (await known(apart, person, 516))["visits"] == 1


def test_training_never_sees_what_was_deleted(past: Client) -> None:
    gone, kept = Person(), Person()
    world = World(viewers=1, channels=1, visits=0, days=1.0)
    for person in (gone, kept):
        person.creator, person.stream = world.channels[0], world.streams[0]
        world.events += person.watched(0, 15, 30)
    world.events.append(HistoryDeleted(user_id=gone.user, occurred_at=gone.at(600)["occurred_at"]))
    world.events += gone.watched(700, 715)
    archive(world, past)
    for until in (500, 1000):
        history = read_history(past, until=gone.instant(until), gap_seconds=GAP)
        visits = [UUID(history.users[user]) for user in history.watches.user.tolist()]
        assert visits == ([kept.user] if until == 500 else [kept.user, gone.user])


async def test_habits_follow_what_happens(settings: Settings, redis: AsyncRedis) -> None:
    person = Person()
    person.began = now() - timedelta(seconds=2)
    with dataflows(settings, "habits"):
        Log(settings).write([ViewerJoined(**person.at(0)), ViewerHeartbeat(**person.at(1))])

        async def visits() -> float:
            creators, bonds = await read_bonds(redis, person.user, now().timestamp())
            return float(bonds.sums[0, VISITS]) if creators else 0.0

        assert await eventually(visits, lambda count: count > 0) == 1
