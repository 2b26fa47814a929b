"""Bring interactions that happened elsewhere into the log, many to a record: `python -m livestreamx.ingest FILE`.

A file holds one event a line (docs/events.md) and is read whole before anything is written. Every event counts once,
however often it is brought within a day.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from confluent_kafka import KafkaException, Producer
from rich.console import Console

from livestreamx.clock import now_ms
from livestreamx.engines.kafka import producer
from livestreamx.engines.partitions import packed_by_partition
from livestreamx.events import AnyEvent, tag_of
from livestreamx.events.packed import KINDS
from livestreamx.events.plausible import events_of
from livestreamx.settings import Settings
from livestreamx.topics import INTERACTIONS

TAKEN = tuple(kind for kind in KINDS if kind.topic is INTERACTIONS)
"""What nobody else keeps books of; recorded acts leave their own transactions only."""
LONGEST_LINE, MOST = 4096, 200
"""Bytes of a line and acts of a record, so that no record is larger than brokers take."""
SEND_SECONDS = 30.0


class IngestError(ValueError):
    """A file that cannot be brought in, or a log that does not take it; the message says where."""


def read_acts(path: Path) -> Iterator[AnyEvent]:
    """The acts in a file; `IngestError` for a line that is none."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if text := line.strip():
                    yield act_of(f"{path}, line {number}", text)
    except OSError as error:
        raise IngestError(f"{path}: {error.strerror}") from error


def act_of(where: str, text: bytes) -> AnyEvent:
    """The act in a line; `IngestError` when there is none, or not exactly one, or one that is not taken."""
    if len(text) > LONGEST_LINE:
        raise IngestError(f"{where}: longer than {LONGEST_LINE} bytes")
    try:
        (act,) = events_of(text, now_ms())
    except (ValueError, RecursionError) as error:
        raise IngestError(f"{where}: {error}") from error
    if not isinstance(act, TAKEN):
        taken = ", ".join(map(tag_of, TAKEN))
        raise IngestError(f"{where}: {tag_of(type(act))} is not brought in; what is: {taken}")
    return act


def ingest(kafka: Producer, acts: Iterable[AnyEvent]) -> None:
    """Write acts and wait until the broker has them; `KafkaException` or `IngestError` when it does not."""
    failures: list[KafkaException] = []
    for topic, partition, record in packed_by_partition(acts, MOST):
        kafka.produce(
            topic.name,
            record,
            partition=partition,
            on_delivery=lambda error, _: failures.append(KafkaException(error)) if error else None,
        )
        kafka.poll(0)
    if kafka.flush(SEND_SECONDS):
        raise IngestError("the event log did not answer; bring the file in again, nothing counts twice")
    if failures:
        raise failures[0]


def main(given: Sequence[str]) -> int:
    """Bring in the files that are named; 0 when all of them are in the log."""
    parser = argparse.ArgumentParser(prog="livestreamx ingest", description="Bring in interactions from elsewhere.")
    parser.add_argument("file", nargs="+", type=Path, help="one event a line, as docs/events.md tells them")
    asked = parser.parse_args(given)
    settings = Settings.from_env().require("kafka_bootstrap")
    out = Console(highlight=False, soft_wrap=True)
    try:
        counts = {path: sum(1 for _ in read_acts(path)) for path in asked.file}
        kafka = producer(settings.kafka_bootstrap)
        for path, count in counts.items():
            ingest(kafka, read_acts(path))
            out.print(f"{path}: {count:,} acts are in the log", markup=False)
    except (IngestError, KafkaException) as error:
        Console(stderr=True, soft_wrap=True).print(f"livestreamx: {error}", markup=False, highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
