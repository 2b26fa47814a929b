"""Ways to process the synthetic day on engines of its own, and what the engines say came of it."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient

from bench.day_results import FLOWS, Results
from bench.pipeline import environment
from livestreamx import keys
from livestreamx.engines.kafka import make_topics, producer
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.events import Event, encode
from livestreamx.stack import EmbeddedEngines
from livestreamx.topics import ALL

WAIT_SECONDS = 300.0

TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree%'"


class Theatre:
    """Engines for one run of the day, and the processes that work on them."""

    def __init__(self, engines: EmbeddedEngines, seed: int) -> None:
        self.engines, self.settings = engines, engines.settings
        self.results = Results(self.settings)
        self.roles: list[subprocess.Popen[str]] = []
        self._rng = random.Random(seed)

    def clear(self) -> None:
        """Empty engines, as if new."""
        self.results.redis.flushall()
        admin = AdminClient({"bootstrap.servers": self.settings.kafka_bootstrap})
        for gone in admin.delete_topics([topic.name for topic in ALL]).values():
            gone.result(60)
        make_topics(self.settings.kafka_bootstrap)
        for (table,) in self.results.clickhouse.query(TABLES).result_rows:
            self.results.clickhouse.command(f"TRUNCATE TABLE {table}")

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
        until = time.monotonic() + WAIT_SECONDS
        while not self.results.are_whole():
            if time.monotonic() > until:
                raise TimeoutError("the dataflows did not come to the end of the log")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the dataflows."""
        for role in self.roles:
            role.send_signal(signal.SIGTERM)
        for role in self.roles:
            role.wait(60)
        self.roles = []


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
            stage.results.redis.delete(keys.flow_offsets(flow))
        stage.results.clickhouse.command("TRUNCATE TABLE archive_offsets")
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
