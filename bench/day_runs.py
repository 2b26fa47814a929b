"""Ways to process the synthetic day on engines of its own, and what the engines say came of it."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka.admin import AdminClient
from redis import Redis

from bench.pipeline import environment, places_of
from bench.synthetic_day import SyntheticDay
from features.leaderboards import decompose
from livestreamx import keys
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.kafka import make_topics, producer
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.events import Event, encode
from livestreamx.stack import EmbeddedEngines
from livestreamx.topics import ALL, ECONOMY, INTERACTIONS, LIFECYCLE, SIGNALS

FLOWS = ("leaderboards", "engagement", "progress", "mood", "archive")
WAIT_SECONDS = 300.0

TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree%'"
MINUTES = """
SELECT toString(about), intDiv(toUnixTimestamp(at), 60), act, sum(count) FROM act_cells FINAL
WHERE grain = 60 AND count > 0 AND act IN ('message', 'reaction', 'gift') GROUP BY 1, 2, 3
"""
WATCHED = "SELECT toString(stream_id), toString(viewer), watched_ms FROM visits FINAL"
MOODS = "SELECT toString(stream_id), toString(hop_end), mood, intensity, reactors FROM mood_states FINAL ORDER BY 1, 2"


class Theatre:
    """Engines for one run of the day, and the processes that work on them."""

    def __init__(self, engines: EmbeddedEngines, seed: int) -> None:
        self.engines, self.settings = engines, engines.settings
        self.redis: Redis = connect_redis(self.settings.redis_url)
        self.clickhouse: Client = connect_clickhouse(self.settings.clickhouse_url)
        self.roles: list[subprocess.Popen[str]] = []
        self._rng = random.Random(seed)

    def clear(self) -> None:
        """Empty engines, as if new."""
        self.redis.flushall()
        admin = AdminClient({"bootstrap.servers": self.settings.kafka_bootstrap})
        for gone in admin.delete_topics([topic.name for topic in ALL]).values():
            gone.result(15)
        make_topics(self.settings.kafka_bootstrap)
        for (table,) in self.clickhouse.query(TABLES).result_rows:
            self.clickhouse.command(f"TRUNCATE TABLE {table}")

    def write(self, acts: Sequence[Event]) -> None:
        """Bring the acts to the log, whole before anybody reads it."""
        kafka = producer(self.settings.kafka_bootstrap, **{"queue.buffering.max.messages": 1_000_000})
        for number, act in enumerate(acts):
            kafka.produce(act.topic.name, encode(act), key=act.key)
            if number % 1000 == 0:
                kafka.poll(0)
        assert kafka.flush(60) == 0

    def start(self, workers: int) -> None:
        """The dataflows, in so many processes; they need not be ready when this returns."""
        self.roles = [self._worker(f"{number}/{workers}") for number in range(1, workers + 1)]

    def _worker(self, part: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines.everything", "--part", part, *FLOWS],
            env=environment(self.settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def strike(self) -> str:
        """kill -9 of an engine or of a process of the dataflows, and its next start; what it was."""
        name = self._rng.choice(("dataflows", "dataflows", "dataflows", "redis", "clickhouse", "kafka"))
        if name == "dataflows":
            number = self._rng.randrange(len(self.roles))
            self.roles[number].kill()
            self.roles[number].wait()
            self.roles[number] = self._worker(f"{number + 1}/{len(self.roles)}")
        else:
            self.engines.kill(name)
            self.engines.restart(name)
        return name

    def until_done(self) -> None:
        """Wait until every flow has written all of the log; `TimeoutError` when that takes too long."""
        ends = places_of(self.settings, (INTERACTIONS, ECONOMY, LIFECYCLE))
        until = time.monotonic() + WAIT_SECONDS
        while not self._done(ends):
            if time.monotonic() > until:
                raise TimeoutError("the dataflows did not come to the end of the log")
            time.sleep(0.1)

    def _done(self, ends: dict[str, int]) -> bool:
        rows = self.clickhouse.query("SELECT topic, partition, next_offset FROM archive_offsets FINAL").result_rows
        stands = {"archive": {f"{topic}:{partition}": offset for topic, partition, offset in rows}}
        for flow in FLOWS[:-1]:
            found = self.redis.hgetall(keys.flow_offsets(flow))
            stands[flow] = {name.decode(): int(at) for name, at in found.items()}
        reads = dict.fromkeys(FLOWS, ("interactions", "economy")) | {"mood": ("interactions",)}
        return (
            all(
                stands[flow].get(place) == end
                for flow in FLOWS
                for place, end in ends.items()
                if place.partition(":")[0] in reads[flow]
            )
            and self._moods_archived()
        )

    def _moods_archived(self) -> bool:
        """Whether the last moods told are in history: the mood flow's own output comes back through the archive."""
        ends = places_of(self.settings, (SIGNALS,))
        rows = self.clickhouse.query("SELECT topic, partition, next_offset FROM archive_offsets FINAL").result_rows
        stands = {f"{topic}:{partition}": offset for topic, partition, offset in rows}
        return all(stands.get(place) == end for place, end in ends.items())

    def stop(self) -> None:
        """End the dataflows."""
        for role in self.roles:
            role.send_signal(signal.SIGTERM)
        for role in self.roles:
            role.wait(20)
        self.roles = []

    def outcome(self, day: SyntheticDay) -> dict[str, Any]:
        """Boards with their order, experience, minutes, sessions and moods, in the shape of `truth` and beyond."""
        boards, order = {}, {}
        for name in ("engagement", "gifts", "creators"):
            for stream in map(str, day.streams):
                rows = self.redis.zrevrange(keys.board(name, "stream", stream), 0, -1, withscores=True)
                boards |= {(name, stream, who.decode()): decompose(score)[0] for who, score in rows}
        for name in ("engagement", "gifts", "creators", "xp"):
            for scope, ref in (("weekly", "2026-w10"), ("global", "all")):
                order[name, scope] = self.redis.zrevrange(keys.board(name, scope, ref), 0, -1, withscores=True)
        people = {str(person): int(self.redis.hget(keys.experience(person), "xp") or 0) for person in day.people}
        return {
            "boards": boards,
            "experience": {person: xp for person, xp in people.items() if xp},
            "minutes": {tuple(row[:3]): int(row[3]) for row in self.clickhouse.query(MINUTES).result_rows},
            "watched_ms": {(stream, who): int(ms) for stream, who, ms in self.clickhouse.query(WATCHED).result_rows},
            "order": order,
            "metrics": {stream: self.redis.hgetall(keys.stream_metrics(stream)) for stream in day.streams},
            "moods": [tuple(row) for row in self.clickhouse.query(MOODS).result_rows],
        }


@contextmanager
def theatre(home: Path, seed: int = 3) -> Iterator[Theatre]:
    """Engines with nothing in them yet, all ended afterwards."""
    with EmbeddedEngines(home) as engines:
        migrate_postgres(engines.settings.postgres_url)
        migrate_clickhouse(engines.settings.clickhouse_url)
        make_topics(engines.settings.kafka_bootstrap)
        stage = Theatre(engines, seed)
        try:
            yield stage
        finally:
            stage.stop()


def whole(stage: Theatre, acts: Sequence[Event], *, workers: int = 1) -> None:
    """All acts at once, undisturbed."""
    stage.clear()
    stage.write(acts)
    stage.start(workers)
    stage.until_done()
    stage.stop()


def killed(stage: Theatre, acts: Sequence[Event], *, kills: int, pause: float) -> list[str]:
    """kill -9 of random roles at random moments, `pause` seconds apart at most; what was killed."""
    rng = random.Random(11)
    stage.clear()
    stage.write(acts)
    stage.start(2)
    struck = []
    for _ in range(kills):
        time.sleep(rng.random() * pause)
        struck.append(stage.strike())
    stage.until_done()
    stage.stop()
    return struck


def replayed(stage: Theatre, times: int) -> None:
    """What is in the log from its start again, so many times: all offsets forgotten, the results kept."""
    for _ in range(times):
        for flow in FLOWS:
            stage.redis.delete(keys.flow_offsets(flow))
        stage.clickhouse.command("TRUNCATE TABLE archive_offsets")
        stage.start(1)
        stage.until_done()
        stage.stop()


def rescaled(stage: Theatre, acts: Sequence[Event], workers: Sequence[int], seconds: float) -> None:
    """All acts at once, while the number of processes changes every few seconds without a pause between."""
    stage.clear()
    stage.write(acts)
    for count in workers:
        before = stage.roles
        stage.start(count)
        for role in before:
            role.kill()
            role.wait()
        time.sleep(seconds)
    stage.until_done()
    stage.stop()
