"""Chunks as the Kafka source would give them, from plain lists of events."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bytewax.dataflow import Dataflow
from bytewax.testing import run_main

from livestreamx.events import Event, encode
from pipelines.records import Chunk, Record

BEGAN = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
BEGAN_MS = int(BEGAN.timestamp() * 1000)


def records_of(events: Iterable[Event], first: int = 0) -> list[Record]:
    """Records of these events at the offsets from `first` on, logged when they happened."""
    return [
        Record(offset, int(event.occurred_at.timestamp() * 1000), event, encode(event))  # type: ignore[arg-type]
        for offset, event in enumerate(events, first)
    ]


def chunks_of(
    events: Sequence[Event], *, size: int = 1000, topic: str = "interactions", partition: int = 0, start: int = 0
) -> list[Chunk]:
    """The events cut into chunks of one partition; the last is not yet caught up."""
    records = records_of(events, start)
    return [
        Chunk(
            topic=topic,
            partition=partition,
            start=some[0].offset or None,
            next=some[-1].offset + 1,
            records=some,
            read_ms=some[-1].logged_ms,
        )
        for some in (records[cut : cut + size] for cut in range(0, len(records), size))
    ]


def tick(after: Chunk, at_ms: int) -> Chunk:
    """An empty chunk of a partition that is caught up at this time (ms since the epoch)."""
    return Chunk(
        topic=after.topic,
        partition=after.partition,
        start=after.next,
        next=after.next,
        caught_up=True,
        read_ms=at_ms,
    )


def run(flow: Dataflow) -> None:
    """Run a dataflow to the end of its input."""
    run_main(flow)  # type: ignore[no-untyped-call]
