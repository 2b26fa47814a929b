"""`livestreamx dead-letters list|show|requeue`: what no flow could read, and its way back once it can be read.

A letter is named by where it lay, such as `interactions:2:1041`. Requeuing it twice changes nothing: the second time is
refused, and if a crash hid the first, every flow knows the event by its id.
"""

import argparse
import base64
import sys
from collections.abc import Sequence
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaException, Producer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from livestreamx.clock import now, now_ms
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.kafka import REQUEST_ID_HEADER, producer
from livestreamx.events.packed import is_packed
from livestreamx.settings import Settings
from pipelines.records import events_of

SEND_SECONDS = 15.0
SHOWN_BYTES = 2000

LETTERS = """
SELECT d.topic, d.partition, d.offset, d.logged_at, d.reason, d.request_id, d.record,
       if(r.topic = '', NULL, r.requeued_at) AS requeued_at
FROM (SELECT * FROM dead_letters FINAL) AS d
LEFT JOIN (SELECT * FROM requeued_letters FINAL) AS r USING (topic, partition, offset, logged_at)
WHERE ({topic:String} = '' OR d.topic = {topic:String})
  AND ({partition:Int64} < 0 OR d.partition = {partition:Int64})
  AND ({offset:Int64} < 0 OR d.offset = {offset:Int64})
  AND (NOT {waiting:Bool} OR r.topic = '')
ORDER BY d.logged_at DESC, d.topic, d.partition, d.offset
LIMIT {limit:UInt32}
"""
MARKS = ("topic", "partition", "offset", "logged_at", "requeued_at")


class LetterError(ValueError):
    """A letter that is not there or cannot be requeued; the message says why."""


class Letter(msgspec.Struct, frozen=True):
    """A record that was set aside: where it lay, when, why, and whether it was put back."""

    topic: str
    partition: int
    offset: int
    logged_at: datetime
    reason: str
    request_id: str
    record: bytes
    requeued_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


class Letters:
    """The dead letters in history, and the way back into the log."""

    def __init__(self, clickhouse: Client, kafka: Producer) -> None:
        self._clickhouse, self._kafka = clickhouse, kafka

    def find(
        self, *, topic: str = "", partition: int = -1, offset: int = -1, waiting: bool = False, limit: int = 1000
    ) -> list[Letter]:
        """Letters, newest first; `waiting` leaves out those that were requeued."""
        asked = {"topic": topic, "partition": partition, "offset": offset, "waiting": waiting, "limit": limit}
        rows = self._clickhouse.query(LETTERS, parameters=asked).named_results()
        return [Letter(**row | {"record": base64.b64decode(row["record"])}) for row in rows]

    def named(self, name: str) -> Letter:
        """The newest letter of this name; `LetterError` when there is none."""
        try:
            topic, partition, offset = name.rsplit(":", 2)
            found = self.find(topic=topic, partition=int(partition), offset=int(offset), limit=1)
        except ValueError as error:
            raise LetterError(
                f"{name}: name a letter as topic:partition:offset, such as interactions:2:1041"
            ) from error
        if not found:
            raise LetterError(f"{name}: there is no such dead letter")
        return found[0]

    def requeue(self, letter: Letter) -> None:
        """Put a letter back; `LetterError` when it was before or is still unreadable, else what Kafka says."""
        if letter.requeued_at is not None:
            raise LetterError(f"{letter.name}: was requeued at {letter.requeued_at:%Y-%m-%d %H:%M:%S} UTC already")
        try:
            events = events_of(letter.record, now_ms())
        except (ValueError, RecursionError) as error:
            raise LetterError(f"{letter.name}: still unreadable: {error}") from error
        failures: list[KafkaException] = []
        place = {"partition": letter.partition} if is_packed(letter.record) else {"key": events[0].key}
        self._kafka.produce(
            events[0].topic.name if events else letter.topic,
            letter.record,
            headers=[(REQUEST_ID_HEADER, letter.request_id.encode())],
            on_delivery=lambda error, _: failures.append(KafkaException(error)) if error else None,
            **place,
        )
        if self._kafka.flush(SEND_SECONDS):
            raise LetterError(f"{letter.name}: the event log did not answer; requeue it again later")
        if failures:
            raise failures[0]
        mark = (letter.topic, letter.partition, letter.offset, letter.logged_at, now())
        self._clickhouse.insert("requeued_letters", [mark], column_names=MARKS)


def table_of(letters: Sequence[Letter]) -> Table:
    """The letters as a table."""
    table = Table("letter", "logged (UTC)", "reason", "bytes", "requeued", title="Dead letters")
    for letter in letters:
        back = f"{letter.requeued_at:%Y-%m-%d %H:%M:%S}" if letter.requeued_at else ""
        cells = (
            letter.name,
            f"{letter.logged_at:%Y-%m-%d %H:%M:%S}",
            letter.reason[:120],
            str(len(letter.record)),
            back,
        )
        table.add_row(*map(escape, cells))
    return table


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="livestreamx dead-letters", description="Records that no flow could read.")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="the newest letters")
    listing.add_argument("--topic", default="", help="only of this topic")
    listing.add_argument("--limit", type=int, default=50)
    listing.add_argument("--waiting", action="store_true", help="only those that were not requeued")
    showing = actions.add_parser("show", help="one letter whole")
    showing.add_argument("letter", help="topic:partition:offset")
    again = actions.add_parser("requeue", help="put letters back into the log, each once")
    again.add_argument("letter", nargs="*", help="topic:partition:offset")
    again.add_argument("--all", action="store_true", help="every letter that waits and can be read now")
    asked = parser.parse_args(given)
    if asked.action == "requeue" and bool(asked.letter) == asked.all:
        parser.error("requeue: name letters, or say --all")
    if asked.action == "list" and not 1 <= asked.limit <= 10_000:
        parser.error("--limit: takes a number between 1 and 10000")
    return asked


def requeue_some(letters: Letters, asked: argparse.Namespace, out: Console) -> int:
    """Requeue what was asked for, and say what became of each; how many could not be."""
    refused = 0
    for name in asked.letter or [letter.name for letter in letters.find(waiting=True)]:
        try:
            letters.requeue(letters.named(name))
            out.print(f"[green]requeued[/] {escape(name)}")
        except LetterError as error:
            refused += 1
            out.print(f"[red]refused[/] {escape(str(error))}")
    return refused


def main(given: Sequence[str]) -> int:
    """Do what was asked; 0 when all of it could be done."""
    asked = arguments(given)
    settings = Settings.from_env().require("kafka_bootstrap", "clickhouse_url")
    out = Console(highlight=False, soft_wrap=True)
    with connect_plain(settings.clickhouse_url) as clickhouse:
        letters = Letters(clickhouse, producer(settings.kafka_bootstrap))
        if asked.action == "requeue":
            return 1 if requeue_some(letters, asked, out) else 0
        if asked.action == "list":
            found = letters.find(topic=asked.topic, waiting=asked.waiting, limit=asked.limit)
            out.print(table_of(found) if found else "no dead letters")
            return 0
        try:
            letter = letters.named(asked.letter)
        except LetterError as error:
            print(f"livestreamx: {error}", file=sys.stderr)
            return 1
        out.print(table_of([letter]))
        out.print(f"reason: {escape(letter.reason)}\nrequest: {escape(letter.request_id or '-')}\nrecord:")
        out.print(escape(letter.record[:SHOWN_BYTES].decode("utf-8", "backslashreplace")))
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
