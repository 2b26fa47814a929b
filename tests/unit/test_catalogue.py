"""docs/events.md is what the types say, and every event ever recorded still decodes."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from livestreamx import catalogue, events

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
RECORDED = Path(__file__).parent / "recorded_events.jsonl"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == catalogue.markdown(), "run `make docs`"


def test_every_event_ever_recorded_decodes_and_none_is_missing() -> None:
    decoded = [events.decode(line) for line in RECORDED.read_bytes().splitlines()]
    assert {type(event) for event in decoded} == set(events.EVENTS)


def test_an_event_survives_the_way_through_json() -> None:
    for line in RECORDED.read_bytes().splitlines():
        event = events.decode(line)
        assert events.decode(events.encode(event)) == event


def test_the_key_keeps_a_stream_together() -> None:
    stream, user = UUID(int=1), UUID(int=2)
    said = events.ReactionSent(stream_id=stream, user_id=user, mood="joy")
    assert said.key == str(stream)
    assert events.UserRegistered(user_id=user, handle="someone").key == str(user)


@pytest.mark.parametrize(
    "record", [b"", b"{}", b'{"type":"no.such"}', b'{"type":"reaction.sent","mood":"bored"}', b"\xff\x00"]
)
def test_what_is_no_event_is_refused(record: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        events.decode(record)


def test_times_are_utc() -> None:
    event = events.StreamArchived(title="x", creator="y", occurred_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert b'"2026-01-01T00:00:00Z"' in events.encode(event)
