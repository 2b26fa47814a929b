"""`livestreamx backfill --from DAY --to DAY [--flow NAME]`: makes the results of a range anew, by the flows' own code.

A flow counts the range into an empty Redis database beside the live one; results about a time that lies whole in the
range, and is over for an hour, then take the place of the live ones. Nothing else is touched.
"""

import argparse
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.testing import run_main
from clickhouse_connect.driver.client import Client
from redis import Redis
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from livestreamx.clock import now
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from pipelines.catalogue import every_flow
from pipelines.history import HistoryRange, LogRange, Origin, Range, bounded_consumer
from pipelines.records import Chunk
from pipelines.run import Run
from pipelines.runner import Engines, Flow
from pipelines.spans import RESULTS, belongs, span_of

SETTLED = timedelta(hours=1)
"""How long a time must be over before its results are replaced, so that what came late is in the log."""
OWN = "backfill:own"
SHOWS = """
SELECT toString(stream_id), min(started_at), max(ended_at) FROM lifecycle FINAL
WHERE started_at IS NOT NULL GROUP BY stream_id HAVING countIf(ended_at IS NOT NULL) > 0
"""


class BackfillError(ValueError):
    """A range or a place that cannot be used; the message says why."""


class Given(StatelessSourcePartition[Chunk]):
    """Chunks that are already there, one after the other."""

    def __init__(self, chunks: Iterator[Chunk], run: Run) -> None:
        self._chunks, self._run = chunks, run

    @override
    def next_batch(self) -> list[Chunk]:
        if self._run.over:
            raise StopIteration
        try:
            return [next(self._chunks)]
        except StopIteration:
            raise
        except Exception as error:
            self._run.fail(error)
            raise StopIteration from error


class GivenSource(DynamicSource[Chunk]):
    """A source for one run over chunks that are already there."""

    def __init__(self, chunks: Iterable[Chunk], run: Run) -> None:
        self._chunks, self._run = iter(chunks), run

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> Given:
        return Given(self._chunks, self._run)


class Outcome(msgspec.Struct):
    """What a flow's backfill did: events counted, results written, results that should not have been there."""

    events: int = 0
    written: int = 0
    removed: int = 0


class Backfill:
    """One range, made anew on these engines; `scratch` is the number of the Redis database to count in."""

    def __init__(self, settings: Settings, asked: Range, *, origin: Origin | None = None, scratch: int = 15) -> None:
        if not asked.start < asked.end <= now() - SETTLED:
            raise BackfillError("a range begins before it ends, and ends an hour ago at the latest")
        self._settings, self._asked, self._origin = settings, asked, origin
        self._live = connect_redis(settings.redis_url)
        parts = urlsplit(settings.redis_url)
        if parts.path.strip("/") == str(scratch):
            raise BackfillError(f"database {scratch} is the live one: choose another with --scratch")
        self._scratch_settings = msgspec.structs.replace(
            settings, redis_url=parts._replace(path=f"/{scratch}").geturl()
        )
        self._scratch = connect_redis(self._scratch_settings.redis_url)
        if self._scratch.dbsize() and not self._scratch.exists(OWN):
            raise BackfillError(f"Redis database {scratch} is in use: choose another with --scratch")

    def rebuild(self, flow: Flow, progress: Progress) -> Outcome:
        """Make a flow's results of the range anew; an engine that goes away leaves the live ones as they were."""
        outcome = Outcome()
        self._scratch.flushdb()
        self._scratch.set(OWN, flow.name)
        try:
            with connect_clickhouse(self._settings.clickhouse_url) as clickhouse:
                self._count(flow, clickhouse, progress, outcome)
                rows = clickhouse.query(SHOWS).result_rows
            shows = {stream: show_of(start, end) for stream, start, end in rows}
            self._replace(flow.name, shows, outcome)
        finally:
            self._scratch.flushdb()
        return outcome

    def _count(self, flow: Flow, clickhouse: Client, progress: Progress, outcome: Outcome) -> None:
        consumer = bounded_consumer(self._settings.kafka_bootstrap)
        engines = Engines(self._scratch_settings, Metrics())
        try:
            log = LogRange(consumer, flow.topics, self._asked)
            origin = self._origin or ("log" if log.reaches_back else "history")
            source = log if origin == "log" else HistoryRange(clickhouse, flow.topics, self._asked)
            task = progress.add_task(f"{flow.name} from {origin}", total=source.size)

            def told() -> Iterator[Chunk]:
                for chunk, read in source.chunks():
                    outcome.events += len(chunk.records)
                    yield chunk
                    progress.advance(task, read)

            run = Run(threading.Event())
            run_main(flow.build(engines, run, GivenSource(told(), run)))  # type: ignore[no-untyped-call]
            if run.error is not None:
                raise run.error
        finally:
            engines.close()
            consumer.close()

    def _replace(self, flow: str, shows: dict[str, Range], outcome: Outcome) -> None:
        made = self._results(flow, self._scratch, shows)
        for name in made:
            body, left = self._scratch.dump(name), max(0, int(self._scratch.pttl(name)))
            if body is not None:
                self._live.restore(name, left, body, replace=True)
                outcome.written += 1
        for name in self._results(flow, self._live, shows) - made:
            outcome.removed += int(self._live.delete(name))

    def _results(self, flow: str, redis: Redis, shows: dict[str, Range]) -> set[str]:
        """The flow's results in a database that are about a time whole in the range."""
        found = set()
        for name in redis.scan_iter(count=1000):
            key = name.decode()
            span = span_of(key, shows) if belongs(flow, key) else None
            if span and self._asked.start <= span.start and span.end <= self._asked.end:
                found.add(key)
        return found


def show_of(started_at: datetime, ended_at: datetime) -> Range:
    """The time of a stream: from its start until nobody acts in it any more."""
    return Range(started_at.replace(tzinfo=UTC), ended_at.replace(tzinfo=UTC) + SETTLED)


def moment(text: str) -> datetime:
    """A day or a moment in ISO 8601, UTC unless it says otherwise; `ValueError` for anything else."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="livestreamx backfill", description="Make the results of a range anew.")
    parser.add_argument("--from", dest="start", type=moment, required=True, help="2026-11-01 or 2026-11-01T20:00")
    parser.add_argument("--to", dest="end", type=moment, required=True, help="the first moment that is not in it")
    parser.add_argument("--flow", action="append", choices=sorted(RESULTS), help="only this flow; may be repeated")
    parser.add_argument("--origin", choices=("log", "history"), help="Kafka or ClickHouse; by itself the log if it can")
    parser.add_argument("--scratch", type=int, default=15, help="an empty Redis database to count in")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    """Make it anew and say what was done; 0 when all of it could be done."""
    asked = arguments(given)
    settings = Settings.from_env().require("kafka_bootstrap", "redis_url", "clickhouse_url")
    out = Console(highlight=False, soft_wrap=True)
    flows = every_flow()
    try:
        backfill = Backfill(settings, Range(asked.start, asked.end), origin=asked.origin, scratch=asked.scratch)
    except BackfillError as error:
        print(f"livestreamx: {error}", file=sys.stderr)
        return 1
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out) as progress:
        for name in asked.flow or sorted(RESULTS):
            done = backfill.rebuild(flows[name], progress)
            out.print(f"{name}: {done.events} events, {done.written} results written, {done.removed} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
