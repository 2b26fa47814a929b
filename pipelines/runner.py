"""Keeps one flow running: every run starts where the results stand, an error ends the run, a pause grows, then again.

kill -9, an engine that went away and a fence that another process moved are all the same case.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import msgspec
import structlog
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.testing import run_main
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer
from redis import Redis

from livestreamx.engines import clickhouse, kafka, redis
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from livestreamx.topics import Topic
from pipelines.feed import EVERYTHING, IMMEDIATE, Pace, Share
from pipelines.gate import Gate, HeldBackError
from pipelines.readings import Readings
from pipelines.records import Chunk
from pipelines.run import Run
from pipelines.sources import KafkaSource, Positions, Reader

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
HELD_PAUSE = 30.0
STEADY_SECONDS = 30.0
"""A run that lasted so long starts the pauses over."""


class Engines:
    """Clients of one run, opened when first asked for; all closed at its end. `metrics` outlive it."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self.metrics = settings, metrics
        self._closing = ExitStack()
        self._redis: Redis | None = None
        self._clickhouse: Client | None = None
        self._producer: Producer | None = None

    @property
    def settings(self) -> Settings:
        return self._settings

    def redis(self) -> Redis:
        if self._redis is None:
            self._redis = redis.connect_plain(self._settings.redis_url)
            self._closing.callback(self._redis.close)
        return self._redis

    def clickhouse(self) -> Client:
        if self._clickhouse is None:
            self._clickhouse = clickhouse.connect_plain(self._settings.clickhouse_url)
            self._closing.callback(self._clickhouse.close)
        return self._clickhouse

    def producer(self) -> Producer:
        if self._producer is None:
            self._producer = kafka.producer(self._settings.kafka_bootstrap)
        return self._producer

    def close(self) -> None:
        self._closing.close()


Build = Callable[[Engines, Run, Source[Chunk]], Dataflow]


class Flow(msgspec.Struct, frozen=True):
    """A flow as it runs on the real engines: what it reads, where it stands, and its dataflow over a source."""

    name: str
    topics: Sequence[Topic]
    positions: Callable[[Engines], Positions]
    build: Build
    pace: Pace = IMMEDIATE
    reader: Callable[[], Reader] | None = None
    """How it reads, when it does not take the records that all flows share."""


class Runner:
    """One flow in a thread of its own, over its share of the partitions; `readings` are those of the process."""

    def __init__(
        self,
        flow: Flow,
        settings: Settings,
        stopping: threading.Event,
        metrics: Metrics,
        *,
        readings: Readings | None = None,
        share: Share = EVERYTHING,
    ) -> None:
        self._flow, self._settings, self._stopping, self._metrics = flow, settings, stopping, metrics
        self._reader: Reader = flow.reader() if flow.reader else readings or Readings()
        self._share = share
        self._gate = Gate()
        self._log = structlog.get_logger("pipelines").bind(flow=flow.name)
        self.reading = threading.Event()
        """Set once the flow has read from Kafka for the first time."""
        self.thread = threading.Thread(target=self._keep_running, name=flow.name, daemon=True)

    def _keep_running(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            error = self._run_once()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            if isinstance(error, HeldBackError):
                pause = HELD_PAUSE
                self._log.error("flow held back", reason=str(error))
            else:
                self._log.warning("flow starts again", pause=pause, error=type(error).__name__, reason=str(error)[:300])
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _run_once(self) -> Exception | None:
        run, engines = Run(self._stopping, self.reading), Engines(self._settings, self._metrics)
        try:
            source = KafkaSource(
                self._settings.kafka_bootstrap,
                self._flow.name,
                self._flow.topics,
                positions=self._flow.positions(engines),
                run=run,
                gate=self._gate,
                pace=self._flow.pace,
                readings=self._reader,
                share=self._share,
            )
            if source.lost:
                self._log.warning("the log was made anew: reading it from its beginning", partitions=source.lost)
            lag = self._metrics.consumer_lag.labels(self._flow.name)
            lag.set_function(source.lag)
            try:
                run_main(self._flow.build(engines, run, source))  # type: ignore[no-untyped-call]
            finally:
                lag.set_function(lambda: math.nan)
                source.close()
        except Exception as error:
            return run.error or error
        finally:
            engines.close()
        return run.error
