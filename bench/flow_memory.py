"""What an active stream costs a dataflow in memory: its process and Redis, at 100,000 streams with acts of every kind.

`python -m bench.flow_memory [--streams N] [flow ...]`; each flow by itself, after a first stream.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import psutil
from redis import Redis
from rich.console import Console
from rich.table import Table

from bench.pipeline import places_of, start, stop, until
from livestreamx.clock import now, uuid7
from livestreamx.engines.kafka import make_topics, producer
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage, Event, ReactionSent, ViewerHeartbeat, encode
from livestreamx.settings import Settings
from livestreamx.stack import engines_only
from livestreamx.topics import INTERACTIONS

FLOWS = ("pulse", "engagement", "mood", "highlights")
ACTS_EACH = 3


def acts_of(streams: Sequence[UUID]) -> Iterator[Event]:
    """Three acts of each stream by one person, all within a few seconds."""
    at = now() - timedelta(seconds=5)
    for number, stream in enumerate(streams):
        given = {"stream_id": stream, "user_id": uuid7(), "occurred_at": at + timedelta(microseconds=20 * number)}
        yield ViewerHeartbeat(**given)
        yield ReactionSent(mood="joy", **given)
        yield ChatMessage(message_id=uuid7(), handle="somebody", text="LUL", length=3, **given)


def write(settings: Settings, acts: Iterator[Event]) -> None:
    """Bring acts to the log."""
    kafka = producer(settings.kafka_bootstrap, **{"queue.buffering.max.messages": 1_000_000})
    for number, act in enumerate(acts):
        kafka.produce(act.topic.name, encode(act), key=act.key)
        if number % 1000 == 0:
            kafka.poll(0)
    if kafka.flush(120):
        raise TimeoutError("the log did not take the acts")


def redis_bytes(redis: Redis) -> int:
    return int(cast(dict[str, int], redis.info("memory"))["used_memory"])


def measure(settings: Settings, redis: Redis, flow: str, streams: int) -> tuple[float, float]:
    """Bytes an active stream, of the flow's process and of Redis; the log holds the flow's acts only."""
    running = start(settings, flow)
    process = psutil.Process(running.pid)
    try:
        write(settings, acts_of([uuid7() for _ in range(1000)]))
        until(redis, flow, places_of(settings, (INTERACTIONS,)))
        resident, held = process.memory_info().rss, redis_bytes(redis)
        write(settings, acts_of([uuid7() for _ in range(streams)]))
        until(redis, flow, places_of(settings, (INTERACTIONS,)))
        return (process.memory_info().rss - resident) / streams, (redis_bytes(redis) - held) / streams
    finally:
        stop(running)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("flow", nargs="*", default=FLOWS)
    asked = parser.parse_args()
    title = f"Bytes an active stream, at {asked.streams:,} streams of {ACTS_EACH} acts each"
    table = Table("flow", "its process", "Redis", title=title)
    for flow in asked.flow:
        with tempfile.TemporaryDirectory() as folder, engines_only(Path(folder)) as engines:
            settings = engines.settings
            migrate_postgres(settings.postgres_url)
            migrate_clickhouse(settings.clickhouse_url)
            make_topics(settings.kafka_bootstrap)
            with connect_plain(settings.redis_url) as redis:
                own, held = measure(settings, redis, flow, asked.streams)
        table.add_row(flow, f"{own:,.0f}", f"{held:,.0f}")
        print(flow, own, held, file=sys.stderr)
    Console().print(table)


if __name__ == "__main__":
    main()
