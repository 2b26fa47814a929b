"""The dataflows on embedded engines: idle cost, event to Redis, and a backlog, beside a hand-written consumer loop.

`python -m bench.pipeline [--events N] [--seconds N]`; the loop counts totals from the same log, in memory only.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import psutil
from confluent_kafka import Consumer, TopicPartition
from redis import Redis
from rich.console import Console
from rich.table import Table

from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.kafka import make_topics, producer
from livestreamx.engines.migrate import migrate_clickhouse
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage, ReactionSent, decode, encode
from livestreamx.settings import Settings
from livestreamx.stack import engines_only
from livestreamx.topics import INTERACTIONS, Topic

IDLE_SECONDS, RATE = 10.0, 1000
STREAMS = [uuid7() for _ in range(40)]
PEOPLE = [uuid7() for _ in range(2000)]


def act(stream: UUID | None = None) -> ChatMessage | ReactionSent:
    """Chat, and now and then a reaction."""
    ids = {"stream_id": stream or random.choice(STREAMS), "user_id": random.choice(PEOPLE)}
    if random.random() < 0.2:
        return ReactionSent(mood="joy", **ids)
    return ChatMessage(message_id=uuid7(), handle="somebody", text="LUL what a run", length=14, **ids)


def environment(settings: Settings) -> dict[str, str]:
    names = ("home", "postgres_url", "redis_url", "kafka_bootstrap", "clickhouse_url", "signing_key")
    return {**os.environ, **{f"LSX_{name.upper()}": str(getattr(settings, name)) for name in names}}


def start(settings: Settings, *flows: str) -> psutil.Popen:
    """The dataflows, ready."""
    running = psutil.Popen(
        [sys.executable, "-m", "pipelines.everything", *flows],
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout.readline().strip() == "ready"
    return running


def stop(running: psutil.Popen) -> float:
    """SIGTERM; how long it took (s)."""
    began = time.perf_counter()
    running.terminate()
    running.wait(20)
    return time.perf_counter() - began


def write(settings: Settings, count: int) -> None:
    """A backlog of so many acts."""
    kafka = producer(settings.kafka_bootstrap, **{"queue.buffering.max.messages": 1_000_000})
    for number in range(count):
        event = act()
        kafka.produce(event.topic.name, encode(event), key=event.key)
        if number % 1000 == 0:
            kafka.poll(0)
    kafka.flush(60)


def places_of(settings: Settings, topics: Sequence[Topic]) -> dict[str, int]:
    """Where the partitions of the log end, of those that hold something."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": "bench"})
    places = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
    found = {f"{at.topic}:{at.partition}": consumer.get_watermark_offsets(at, timeout=10)[1] for at in places}
    consumer.close()
    return {place: end for place, end in found.items() if end}


def until(redis: Redis, flow: str, places: dict[str, int]) -> None:
    """Wait until a flow has reached these offsets."""
    while any(int(redis.hget(keys.flow_offsets(flow), place) or 0) < end for place, end in places.items()):
        time.sleep(0.002)


def by_hand(settings: Settings, count: int) -> float:
    """Seconds of a plain consumer loop that decodes every act and counts it per stream."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": "hand"})
    consumer.assign([TopicPartition(INTERACTIONS.name, number, 0) for number in range(INTERACTIONS.partitions)])
    totals: Counter[tuple[UUID | None, type]] = Counter()
    began = time.perf_counter()
    while sum(totals.values()) < count:
        for message in consumer.consume(5000, 0.05):
            event = decode(message.value() or b"")
            totals[event.stream_id, type(event)] += 1
    took = time.perf_counter() - began
    consumer.close()
    return took


def counted(redis: Redis, stream: UUID) -> int:
    """The acts of a stream that are in its totals."""
    return sum(int(number or 0) for number in redis.hmget(keys.stream_metrics(stream), "messages", "reactions"))


def freshness(settings: Settings, redis: Redis, seconds: float) -> list[float]:
    """From an event's time to its stream's totals in Redis (s), at 1,000 acts a second beside it."""
    over, delays = threading.Event(), []
    kafka = producer(settings.kafka_bootstrap)

    def load() -> None:
        began, sent = time.perf_counter(), 0
        while not over.is_set():
            while sent < (time.perf_counter() - began) * RATE:
                event = act()
                kafka.produce(event.topic.name, encode(event), key=event.key)
                sent += 1
            kafka.poll(0)
            over.wait(0.002)

    loading = threading.Thread(target=load)
    loading.start()
    lone, written = uuid7(), 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        kafka.produce(INTERACTIONS.name, encode(act(lone)), key=str(lone))
        began, written = time.perf_counter(), written + 1
        while counted(redis, lone) < written:
            time.sleep(0.0005)
        delays.append(time.perf_counter() - began)
        time.sleep(0.01)
    over.set()
    loading.join()
    kafka.flush(10)
    return sorted(delays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    table = Table("what", "value", title="Dataflows, all in one process")
    with tempfile.TemporaryDirectory() as folder, engines_only(Path(folder)) as engines:
        settings = engines.settings
        migrate_clickhouse(settings.clickhouse_url)
        make_topics(settings.kafka_bootstrap)
        redis = connect_plain(settings.redis_url)
        running = start(settings)
        before, began = sum(running.cpu_times()[:2]), time.perf_counter()
        time.sleep(IDLE_SECONDS)
        idle = (sum(running.cpu_times()[:2]) - before) / (time.perf_counter() - began)
        table.add_row("idle", f"{idle:.1%} of a core, {running.memory_info().rss / 1e6:.0f} MB")
        delays = freshness(settings, redis, asked.seconds)
        median, worst = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
        table.add_row(f"event to Redis at {RATE}/s", f"p50 {median * 1e3:.1f} ms, p99 {worst * 1e3:.1f} ms")
        table.add_row("SIGTERM to the end", f"{stop(running):.1f} s")
        redis.flushdb()
        write(settings, asked.events)
        places = places_of(settings, (INTERACTIONS,))
        count = sum(places.values())
        hand = by_hand(settings, count)
        table.add_row("backlog, hand-written loop", f"{count / hand:,.0f} acts/s")
        for flow in ("engagement", "leaderboards", "progress", "mood"):
            began = time.perf_counter()
            running = start(settings, flow)
            ready = time.perf_counter() - began
            until(redis, flow, places)
            took = time.perf_counter() - began - ready
            table.add_row(f"backlog, {flow}", f"{count / took:,.0f} acts/s (ready after {ready:.1f} s)")
            stop(running)
    Console().print(table)


if __name__ == "__main__":
    main()
