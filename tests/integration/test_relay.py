"""The relay brings every outbox row to Kafka in order, whatever is killed on the way; repeats keep their event id."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from opentelemetry.trace import use_span

from livestreamx import events
from livestreamx.engines.kafka import REQUEST_ID_HEADER, make_topics
from livestreamx.engines.migrate import migrate_postgres
from livestreamx.engines.outbox import backlog
from livestreamx.engines.postgres import Pool, make_pool
from livestreamx.engines.relay import origin_headers
from livestreamx.observe.tracing import make_tracer_provider, origin_of
from livestreamx.settings import Settings
from livestreamx.stack import EmbeddedEngines
from livestreamx.topics import ECONOMY

USERS = [uuid4() for _ in range(7)]


@pytest.fixture(scope="module")
def engines(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngines]:
    """A PostgreSQL and a Kafka that may be killed."""
    home = tmp_path_factory.mktemp("relay")
    own = EmbeddedEngines(
        home, Settings(home=home, redis_url=settings.redis_url, clickhouse_url=settings.clickhouse_url)
    ).start()
    try:
        migrate_postgres(own.settings.postgres_url)
        make_topics(own.settings.kafka_bootstrap)
        yield own
    finally:
        own.stop()


@contextmanager
def relay(engines: EmbeddedEngines) -> Iterator[subprocess.Popen[str]]:
    """A relay that serves or is about to."""
    env = {
        **os.environ,
        "LSX_POSTGRES_URL": engines.settings.postgres_url,
        "LSX_KAFKA_BOOTSTRAP": engines.settings.kafka_bootstrap,
    }
    command = [sys.executable, "-m", "livestreamx.engines.outbox"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> bool:
    """Waits for the relay's word that it serves."""
    return process.stdout is not None and process.stdout.readline() == "ready\n"


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.01)


def write(db: psycopg.Connection, number: int) -> UUID:
    """One event in the outbox; the numbers of a user rise."""
    user = USERS[number % len(USERS)]
    event = events.TokensGranted(user_id=user, tokens=number, bucket="bonus", reason="topup")
    db.execute(
        "INSERT INTO outbox (topic, key, payload, request_id) VALUES (%s, %s, %s, %s)",
        (event.topic.name, event.key, events.encode(event), f"req-{number}"),
    )
    return event.event_id


def waiting(url: str) -> int:
    """How many events the outbox holds; more than any when the database is away."""
    try:
        with psycopg.connect(url, connect_timeout=2) as db:
            row = db.execute("SELECT count(*) FROM outbox").fetchone()
    except psycopg.OperationalError:
        return sys.maxsize
    return int(row[0]) if row else sys.maxsize


class Writer(threading.Thread):
    """Writes events until told to stop, coming back when the database was away; knows which ones were committed."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.done, self.written, self.number = url, threading.Event(), list[UUID](), 0

    def write_more(self, count: int) -> None:
        """Waits until so many more are written."""
        goal = self.number + count
        until(lambda: self.number > goal)

    def run(self) -> None:
        while not self.done.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as db:
                    while not self.done.is_set():
                        self.number += 1
                        self.written.append(write(db, self.number))
            except psycopg.OperationalError:
                self.done.wait(0.02)


def read_all(bootstrap: str) -> list[tuple[events.TokensGranted, bytes | None, dict[str, bytes]]]:
    """Every record of the topic: event, key and headers, in the order of its partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": str(uuid4()), "enable.partition.eof": True})
    consumer.assign([TopicPartition(ECONOMY.name, number, 0) for number in range(ECONOMY.partitions)])
    found, ended = [], 0
    while ended < ECONOMY.partitions:
        for message in consumer.consume(1000, 1):
            if message.error():
                ended += 1
                continue
            event = events.decode(message.value())
            assert isinstance(event, events.TokensGranted)
            found.append((event, message.key(), dict(message.headers() or [])))
    consumer.close()
    return found


def check_order(found: list[events.TokensGranted]) -> None:
    """Once repeats are dropped, the numbers of every user rise."""
    latest: dict[UUID | None, int] = {}
    for event in {event.event_id: event for event in found}.values():
        assert latest.get(event.user_id, 0) < event.tokens
        latest[event.user_id] = event.tokens


def test_rows_leave_in_order_with_key_and_request_id(engines: EmbeddedEngines) -> None:
    url = engines.settings.postgres_url
    with relay(engines) as process, psycopg.connect(url, autocommit=True) as db:
        assert ready(process)
        ours = [write(db, number) for number in range(1, 501)]
        until(lambda: waiting(url) == 0)
        process.terminate()
        assert process.wait(60) == 0
    found = [one for one in read_all(engines.settings.kafka_bootstrap) if one[0].event_id in set(ours)]
    assert sorted(event.event_id for event, _, _ in found) == sorted(ours)
    check_order([event for event, _, _ in found])
    for event, key, headers in found:
        assert key == str(event.user_id).encode()
        assert headers == {REQUEST_ID_HEADER: f"req-{event.tokens}".encode()}


def test_the_trace_of_an_act_leaves_with_it() -> None:
    provider = make_tracer_provider("test", "")
    with use_span(provider.get_tracer("test").start_span("gift")) as span:
        told = dict(origin_headers(origin_of("req-1")))
    assert told[REQUEST_ID_HEADER] == b"req-1"
    assert told["traceparent"].split(b"-")[1] == f"{span.get_span_context().trace_id:032x}".encode()
    assert origin_headers(origin_of("req-1")) == [(REQUEST_ID_HEADER, b"req-1")]
    assert origin_headers("") == []


def test_a_second_relay_waits_for_the_first(engines: EmbeddedEngines) -> None:
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'livestreamx-relay'"
    with psycopg.connect(engines.settings.postgres_url, autocommit=True) as db, relay(engines) as first:
        assert ready(first)
        with relay(engines) as second:
            until(lambda: db.execute(sessions).fetchone() == (2,))
            held = db.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchone()
            assert held == (1,)
            first.kill()
            assert ready(second)


@pytest.mark.parametrize("victim", ["relay", "postgres", "kafka"])
def test_nothing_is_lost_when_it_is_killed(engines: EmbeddedEngines, victim: str) -> None:
    url, bootstrap = engines.settings.postgres_url, engines.settings.kafka_bootstrap
    writer = Writer(url)
    writer.start()
    try:
        if victim == "relay":
            for _ in range(5):
                with relay(engines) as process:
                    assert ready(process)
                    writer.write_more(200)
        with relay(engines) as process:
            for _ in range(0 if victim == "relay" else 3):
                writer.write_more(200)
                engines.kill(victim)
                engines.restart(victim)
            writer.done.set()
            writer.join()
            until(lambda: waiting(url) == 0)
            assert process.poll() is None
    finally:
        writer.done.set()
        writer.join()
    found = [event for event, _, _ in read_all(bootstrap)]
    ours = set(writer.written)
    assert ours <= {event.event_id for event in found}
    check_order([event for event in found if event.event_id in ours])


async def test_the_backlog_says_how_far_behind(engines: EmbeddedEngines) -> None:
    pool: Pool = make_pool(engines.settings.postgres_url)
    async with pool, pool.connection() as db:
        assert (await backlog(db)).events == 0
        with psycopg.connect(engines.settings.postgres_url, autocommit=True) as plain:
            write(plain, 1)
            behind = await backlog(db)
            plain.execute("DELETE FROM outbox")
    assert behind.events == 1
    assert 0 <= behind.seconds < 60
