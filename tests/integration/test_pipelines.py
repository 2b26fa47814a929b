"""The dataflows on real engines: killed, disconnected, replayed and fed rubbish, they end with exact numbers."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, TopicPartition
from redis import Redis

from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.events import Event, GiftSent, StreamEnded, StreamStarted
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.flows import Cast, Dataflows, Log, counted, dataflows, expected, forget_results, reached, seen


@pytest.fixture(scope="module")
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_redis(settings.redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def history(settings: Settings) -> Iterator[Client]:
    with connect_clickhouse(settings.clickhouse_url) as client:
        yield client


@pytest.fixture(scope="module")
def log(settings: Settings) -> Log:
    return Log(settings)


async def until_reached(cache: Redis, history: Client, log: Log) -> None:
    """Wait until every flow has written all that is in the log."""

    async def all_written() -> bool:
        return await asyncio.to_thread(reached, cache, history, log)

    await eventually(all_written, bool, 240)


async def test_killed_at_random_moments_every_number_is_exact(
    settings: Settings, cache: Redis, history: Client, log: Log
) -> None:
    cast, events, rng = Cast(seed=11), [], random.Random(5)
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            some: list[Event] = [cast.act() for _ in range(40)]
            log.write(some)
            events.extend(some)
            over.wait(0.1)

    writer = threading.Thread(target=load)
    writer.start()
    try:
        for _ in range(5):
            running = await asyncio.to_thread(Dataflows, settings)
            await asyncio.sleep(rng.random() * 1.2)  # the moment of the kill is what is tried here
            running.kill()
    finally:
        over.set()
        writer.join()
    with dataflows(settings):
        await until_reached(cache, history, log)
    assert len(events) > 1000
    assert seen(cache, history, cast) == expected(cast, events)
    hops, distinct = history.query(
        "SELECT count(), uniqExact((stream_id, hop_end)) FROM mood_states FINAL "
        "WHERE stream_id IN {streams:Array(UUID)}",
        parameters={"streams": [str(stream) for stream in cast.streams]},
    ).result_rows[0]
    assert hops == distinct


async def test_one_two_four_and_one_worker_again_count_every_event_once(
    settings: Settings, cache: Redis, history: Client, log: Log
) -> None:
    cast, events, flows = Cast(seed=17, streams=12), [], ("leaderboards", "engagement")

    async def all_counted() -> bool:
        return await asyncio.to_thread(lambda: counted(cache, log.ends(), *flows))

    before = await asyncio.to_thread(Dataflows, settings, "--workers", "1", *flows)
    for workers in ("2", "4", "1"):
        some = [cast.act() for _ in range(300)]
        events += some
        log.write(some[:100])
        after = await asyncio.to_thread(Dataflows, settings, "--workers", workers, *flows)
        log.write(some[100:200])  # both want the same partitions now
        before.kill()
        log.write(some[200:])
        await eventually(all_counted, bool, 240)
        before = after
    before.stop()
    wanted, found = expected(cast, events), seen(cache, history, cast)
    assert {name: found[name] for name in ("metrics", "gifts", "creator")} == {
        name: wanted[name] for name in ("metrics", "gifts", "creator")
    }


async def test_replays_leave_the_same_results(settings: Settings, cache: Redis, history: Client, log: Log) -> None:
    cast = Cast(seed=12)
    events = [cast.act() for _ in range(1500)]
    log.write(events)
    with dataflows(settings):
        await until_reached(cache, history, log)
    once = seen(cache, history, cast)
    assert once == expected(cast, events)

    log.write(events[::-1])
    with dataflows(settings):
        await until_reached(cache, history, log)
    assert seen(cache, history, cast) == once

    forget_results(cache)
    with dataflows(settings):
        await until_reached(cache, history, log)
    assert seen(cache, history, cast) == once


async def test_rubbish_is_set_aside_with_its_reason_and_harms_nothing(
    settings: Settings, cache: Redis, history: Client, log: Log
) -> None:
    cast = Cast(seed=13)
    events = [cast.act() for _ in range(60)]
    stream = str(cast.streams[0])
    gift = next(event for event in events if isinstance(event, GiftSent))
    rubbish = (
        b"\xff\xfe not json",
        b'{"type":"never.heard.of"}',
        msgspec.json.encode(msgspec.to_builtins(gift) | {"occurred_at": "1970-01-01T00:00:00Z"}),
        msgspec.json.encode(msgspec.to_builtins(gift) | {"tokens": -5}),
        msgspec.json.encode(msgspec.to_builtins(gift) | {"occurred_at": "2026-11-22T10:00:00"}),
        b"[" * 5000,
        b"",
    )
    log.write(events[:30])
    for payload in rubbish:
        log.write_raw("interactions", payload, stream)
    log.write(events[30:])
    with dataflows(settings) as running:
        await until_reached(cache, history, log)
        assert running.alive
    assert seen(cache, history, cast) == expected(cast, events)
    letters = dead_letters(settings)
    for payload in rubbish:
        found = [letter for letter in letters if letter["record"] == payload]
        assert len(found) == 1, payload[:20]
        assert found[0]["reason"]
        assert found[0]["topic"] == "interactions"
    rows = history.query("SELECT offset, base64Decode(record) FROM dead_letters FINAL").result_rows
    assert len(rows) >= len(rubbish)


def dead_letters(settings: Settings) -> list[dict[str, object]]:
    """Everything on the dead-letters topic, the record's bytes decoded."""

    class Letter(msgspec.Struct):
        topic: str
        partition: int
        offset: int
        reason: str
        record: bytes

    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": "test-letters"})
    part = TopicPartition("dead-letters", 0, 0)
    _, end = consumer.get_watermark_offsets(part, timeout=60)
    consumer.assign([part])
    found = []
    while len(found) < end:
        for message in consumer.consume(end, 1.0):
            letter = msgspec.json.decode(message.value() or b"", type=Letter)
            found.append(msgspec.structs.asdict(letter))
    consumer.close()
    return found


async def test_lost_connections_neither_lose_nor_double(
    settings: Settings, cache: Redis, history: Client, log: Log
) -> None:
    cast, events = Cast(seed=14), []
    with dataflows(settings) as running:
        for _ in range(12):
            some = [cast.act() for _ in range(50)]
            log.write(some)
            events += some
            cache.client_kill_filter(_type="normal", skipme=True)
        await until_reached(cache, history, log)
        assert running.alive
    assert seen(cache, history, cast) == expected(cast, events)


TOLD = [
    "badge:earned",
    "badge:earned",
    "gift:received",
    "leaderboard:update",
    "overlay:trigger",
    "stream:state",
    "stream:state",
]


async def test_recorded_acts_reach_the_room_once_though_the_relay_repeats_them(
    settings: Settings, cache: Redis, history: Client, log: Log
) -> None:
    cast = Cast(seed=15, streams=1)
    stream, giver = cast.streams[0], cast.people[0]
    told = {"stream_id": stream, "creator_id": cast.creator, "title": "A show", "creator": "maker"}
    started = StreamStarted(started_at=now(), **told)
    gift = GiftSent(
        gift_event_id=uuid7(),
        code="ROCKET",
        name="Rocket",
        qty=2,
        tokens=200,
        paid=0,
        bonus=200,
        handle="giver",
        rarity="epic",
        animation_key="rocket",
        stream_id=stream,
        creator_id=cast.creator,
        user_id=giver,
    )

    async def told_in_room() -> list[str]:
        return sorted(fields[b"e"].decode() for _, fields in cache.xrange(f"room:{{{stream}}}:frames"))

    with dataflows(settings) as running:
        log.write([started, gift, gift])
        await until_reached(cache, history, log)
        running.kill()
    with dataflows(settings):
        log.write([started, gift])
        await until_reached(cache, history, log)
        assert cache.zscore("live:streams", str(stream)) is not None
        log.write([StreamEnded(started_at=started.started_at, ended_at=now(), **told)])
        await until_reached(cache, history, log)
        # Badges and boards are told a moment after they are counted.
        await eventually(told_in_room, lambda names: len(names) >= len(TOLD))
    assert await told_in_room() == TOLD
    assert cache.zscore("live:streams", str(stream)) is None
    state = msgspec.json.decode(cache.hget(f"room:{{{stream}}}:state", "stream") or b"")
    assert state["status"] == "ended"
    assert cache.zrevrange(f"board:gifts:stream:{stream}", 0, -1) == [str(giver).encode()]


async def test_an_event_is_in_redis_without_waiting_for_a_tick(
    settings: Settings, cache: Redis, history: Client, log: Log
) -> None:
    cast, delays = Cast(seed=16, streams=1), []
    key = f"stream:{{{cast.streams[0]}}}:metrics"
    with dataflows(settings, "engagement"):
        for number in range(1, 41):
            event = cast.act()
            while not hasattr(event, "text"):
                event = cast.act()
            log.write([event])
            began = time.perf_counter()
            while int(cache.hget(key, "messages") or 0) < number:
                assert time.perf_counter() - began < 20
            delays.append(time.perf_counter() - began)
    assert sorted(delays)[len(delays) // 2] < 1, "every event waits for something"


async def test_sigterm_ends_them(settings: Settings) -> None:
    assert await asyncio.to_thread(Dataflows(settings).stop) == 0
