"""Dead letters: what no flow could read, and its way back into the log once it can be read."""

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaException, Producer

from domain.operations.queries import LETTERS, MARKS
from livestreamx.clock import now, now_ms
from livestreamx.engines.kafka import REQUEST_ID_HEADER
from livestreamx.errors import Conflict
from livestreamx.events.packed import is_packed
from livestreamx.events.plausible import LARGEST, events_of

SEND_SECONDS = 15.0


class LetterError(Conflict):
    """A letter that is not there or cannot be requeued; the detail says why."""

    code, title = "letter_refused", "This dead letter stays where it is"


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


def read_letter(row: dict[str, Any]) -> Letter:
    """A row as a letter; the client gives times in UTC without saying so."""
    times = {name: row[name] and row[name].replace(tzinfo=UTC) for name in ("logged_at", "requeued_at")}
    return Letter(**row | times | {"record": base64.b64decode(row["record"])})


class Letters:
    """The dead letters in history, and the way back into the log."""

    def __init__(self, clickhouse: Client, kafka: Producer) -> None:
        self._clickhouse, self._kafka = clickhouse, kafka

    def find(
        self,
        *,
        topic: str = "",
        partition: int = -1,
        offset: int = -1,
        waiting: bool = False,
        skip: int = 0,
        limit: int = 1000,
    ) -> list[Letter]:
        """Letters, newest first, after so many; `waiting` leaves out those that were requeued."""
        place = {"topic": topic, "partition": partition, "offset": offset}
        asked = {**place, "waiting": waiting, "skip": skip, "limit": limit}
        rows = self._clickhouse.query(LETTERS, parameters=asked).named_results()
        return [read_letter(row) for row in rows]

    def named(self, name: str) -> Letter:
        """The newest letter of this name; `LetterError` when there is none."""
        try:
            topic, partition, offset = name.rsplit(":", 2)
            place = int(partition), int(offset)
            if not all(0 <= number <= LARGEST for number in place):
                raise ValueError("out of range")
        except ValueError as error:
            raise LetterError(
                f"{name}: name a letter as topic:partition:offset, such as interactions:2:1041"
            ) from error
        found = self.find(topic=topic, partition=place[0], offset=place[1], limit=1)
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
