"""Archive: every event into ClickHouse, and every unreadable record to the dead letters.

Rows are written typed tables first, `events` next, the offsets last; a crash in between writes some again, and rows of
one event replace each other.
"""

import base64
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink
from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaException, Producer

from domain.rollups.service import refresh
from livestreamx.topics import DEAD_LETTERS, EVENT_TOPICS
from pipelines.feed import Pace
from pipelines.records import Chunk, place
from pipelines.rollups import touched_by
from pipelines.rows import Row, dead_letter_row, event_row, progress_row, typed_row
from pipelines.sources import Position

NAME = "archive"
TOPICS = EVENT_TOPICS
PACE = Pace(linger=1.0, most=20_000)
"""Each page makes the rollups that it touches anew, so pages are gathered for a second."""
INSERT_SETTINGS = {"date_time_input_format": "best_effort"}
SEND_SECONDS = 15.0

OFFSETS = "SELECT topic, partition, next_offset FROM archive_offsets FINAL"

_encode_lines = msgspec.json.Encoder().encode_lines


class Page(msgspec.Struct, frozen=True):
    """What one chunk adds to history: rows by table, in the order they must be written."""

    chunk: Chunk
    rows: dict[str, list[Row]]


def page_of(chunk: Chunk) -> Page:
    """The rows of a chunk."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for record in chunk.records:
        if typed := typed_row(record):
            rows[typed[0]].append(typed[1])
        rows["events"].append(event_row(chunk, record))
    rows["dead_letters"] = [dead_letter_row(chunk, record) for record in chunk.unreadable]
    rows["archive_offsets"] = [progress_row(chunk)]
    return Page(chunk, dict(rows))


def archive(source: Source[Chunk], sink: Sink[Page]) -> Dataflow:
    """The dataflow: chunks in, pages of rows out."""
    flow = Dataflow(NAME)
    chunks = op.input("kafka", flow, source)
    pages = op.map("rows", chunks, page_of)
    op.output("clickhouse", pages, sink)
    return flow


class ArchivePositions:
    """Where the archive stands, as its own table says."""

    def __init__(self, clickhouse: Client) -> None:
        self._clickhouse = clickhouse

    def read(self) -> Mapping[str, Position]:
        found = self._clickhouse.query(OFFSETS).result_rows
        return {place(topic, partition): Position(offset) for topic, partition, offset in found}


def table_writer(clickhouse: Client, producer: Producer) -> Callable[[Sequence[Page]], None]:
    """Writes pages of several partitions, one insert a table; raises when an engine does not take them."""

    def write(pages: Sequence[Page]) -> None:
        divert(producer, pages)
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        for page in pages:
            for table, some in page.rows.items():
                rows[table] += some
        reached = {(row["topic"], row["partition"]): row for row in rows["archive_offsets"]}
        rows["archive_offsets"] = [*reached.values()]
        for table in sorted(rows, key=lambda table: LAST.get(table, 0)):
            if table == "archive_offsets":
                refresh(clickhouse, touched_by(record for page in pages for record in page.chunk.records))
            if rows[table]:
                lines = _encode_lines(rows[table])
                clickhouse.raw_insert(table, insert_block=lines, fmt="JSONEachRow", settings=INSERT_SETTINGS)

    return write


LAST = {"events": 1, "archive_offsets": 2}
"""Tables that wait for the others."""


def divert(producer: Producer, pages: Sequence[Page]) -> None:
    """Send unreadable records to the dead letters, keyed by where they lay; `KafkaException` when that fails."""
    failures: list[KafkaException] = []
    for page in pages:
        for row in page.rows.get("dead_letters", ()):
            where = f"{row['topic']}:{row['partition']}:{row['offset']}"
            letter = msgspec.json.encode(row | {"record": base64.b64encode(row["record"]).decode()})
            producer.produce(
                DEAD_LETTERS.name,
                letter,
                key=where,
                on_delivery=lambda error, _: failures.append(KafkaException(error)) if error else None,
            )
    producer.flush(SEND_SECONDS)
    if failures:
        raise failures[0]
