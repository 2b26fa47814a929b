"""From bytes to rows: what is read, what is set aside and why, when a flood holds back, and what history keeps."""

from datetime import datetime, timedelta
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from bytewax.testing import TestingSink, TestingSource
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.clock import uuid7
from livestreamx.events import EVENTS, ChatMessage, Event, GiftSent, decode, encode
from pipelines import engagement, games, leaderboards, overlays, progress
from pipelines.archive import Page, archive
from pipelines.gate import Gate, HeldBackError
from pipelines.records import Chunk, Record, Unreadable, read
from tests.flows.chunks import BEGAN, BEGAN_MS, chunks_of, records_of, run
from tests.flows.messages import Message


def read_bytes(payload: bytes | None, **extra: Any) -> Record | Unreadable:
    (found,) = read(Message(payload, **extra), BEGAN_MS)  # type: ignore[arg-type]
    return found


def gift(**changed: Any) -> GiftSent:
    given = {"code": "HEART", "qty": 1, "tokens": 5, "paid": 2, "bonus": 3, "handle": "h"} | changed
    return GiftSent(occurred_at=BEGAN, stream_id=uuid7(), user_id=uuid7(), gift_event_id=uuid7(), **given)


def message(text: str = "secret words") -> ChatMessage:
    ids = {"stream_id": uuid7(), "user_id": uuid7(), "message_id": uuid7()}
    return ChatMessage(occurred_at=BEGAN, handle="h", text=text, length=len(text), **ids)


def test_a_record_carries_its_event_and_its_request() -> None:
    event = gift()
    found = read_bytes(encode(event), headers=[("request-id", b"r-1"), ("traceparent", b"00")])
    assert isinstance(found, Record)
    assert (found.event, found.offset, found.request_id, found.logged_ms) == (event, 7, "r-1", BEGAN_MS)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "DecodeError"),
        (b"", "DecodeError"),
        (b"\xff\xfe", "DecodeError"),
        (b"[" * 100_000, "Error"),
        (b'{"type":"never.heard.of"}', "never.heard.of"),
        (b'{"type":"gift.sent"}', "missing required field"),
        (encode(gift(tokens=-1)), "tokens -1 is out of range"),
        (encode(gift(qty=2**60)), "is out of range"),
        (encode(msgspec.structs.replace(gift(), occurred_at=BEGAN + timedelta(days=2))), "is out of range"),
        (encode(msgspec.structs.replace(gift(), occurred_at=BEGAN.replace(year=1970))), "is out of range"),
        (encode(msgspec.structs.replace(gift(), occurred_at=BEGAN.replace(tzinfo=None))), "no time zone"),
    ],
)
def test_what_is_no_event_is_set_aside_with_its_reason(payload: bytes | None, reason: str) -> None:
    found = read_bytes(payload)
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert found.payload == (payload or b"")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_set_aside(payload: bytes) -> None:
    assert isinstance(read_bytes(payload), Record | Unreadable)


def test_a_few_unreadable_records_pass_the_gate_and_a_flood_does_not() -> None:
    gate = Gate(limit=10, window=100)
    gate.admit("interactions:0", range(0, 1000, 10))
    with pytest.raises(HeldBackError, match="interactions:0"):
        gate.admit("interactions:0", range(2000, 2011))
    gate.admit("interactions:1", range(2000, 2010))


def test_the_gate_stays_shut_at_the_same_place_after_a_restart() -> None:
    gate = Gate(limit=10, window=100)
    for _ in range(3):
        with pytest.raises(HeldBackError, match="offset 10;"):
            gate.admit("interactions:0", range(20))


def archived(chunks: list[Chunk]) -> list[Page]:
    pages: list[Page] = []
    run(archive(TestingSource(chunks, 1), TestingSink(pages)))
    return pages


def test_history_has_a_row_of_every_event_and_no_chat_text_in_its_payload() -> None:
    events: list[Event] = [message(), gift(), message("other secret")]
    rows = [page.rows for page in archived(chunks_of(events, size=2))]
    assert [len(page["events"]) for page in rows] == [2, 1]
    assert [row["text"] for page in rows for row in page.get("chat_messages", [])] == ["secret words", "other secret"]
    assert not any("secret" in row["payload"] for page in rows for row in page["events"])
    assert [page["archive_offsets"][0]["next_offset"] for page in rows] == [2, 3]
    assert rows[0]["gifts"][0]["tokens"] == 5


def sample(kind: type[Event]) -> Event:
    """An event of a type, its fields of the simplest values."""
    simple: dict[Any, Any] = {str: "x", int: 1, float: 0.5, bool: True, datetime: BEGAN, dict[str, float]: {"joy": 1.0}}
    given: dict[str, Any] = {"stream_id": uuid7(), "creator_id": uuid7(), "user_id": uuid7(), "occurred_at": BEGAN}
    for field in msgspec.structs.fields(kind):
        if field.required:
            plain = field.type.__origin__ if get_origin(field.type) is Annotated else field.type
            choices = {Literal: get_args(plain)[:1], tuple: ((),), UnionType: (None,), Union: (None,)}.get(
                get_origin(plain)
            )
            given[field.name] = choices[0] if choices else simple.get(plain, uuid7())
    event = decode(encode(kind(**given)))
    assert type(event) is kind
    return event


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__struct_config__.tag)
def test_every_type_of_event_is_read_archived_and_counted(kind: type[Event]) -> None:
    event = sample(kind)
    assert isinstance(read_bytes(encode(event)), Record)
    (page,) = archived(chunks_of([event]))
    assert page.rows["events"][0]["event_id"] == event.event_id
    for flow in (engagement, games, leaderboards, overlays, progress):
        flow.count(records_of([event])).ops()
