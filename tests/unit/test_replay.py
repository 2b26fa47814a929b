"""Reading a recorded log: what is a log, what is not, and the handles made for its chatters."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.replay import LogError, Summary, handle_for, read_log


def test_lines_come_in_order_of_time(tmp_path: Path) -> None:
    log = tmp_path / "chat.jsonl"
    log.write_text(
        '{"at_ms": 5, "viewer": "b", "text": "two", "emotes": []}\n\n{"at_ms": 1, "viewer": "a", "text": "one"}\n'
    )
    assert [line.text for line in read_log(log)] == ["one", "two"]


def test_a_log_may_count_from_any_moment_and_number_its_chatters(tmp_path: Path) -> None:
    log = tmp_path / "chat.jsonl"
    lines = ('{"at_ms": 1700000000000.5, "viewer": 7, "text": "two"}', '{"at_ms": -3, "viewer": "ü", "text": "one"}')
    log.write_text("\n".join(lines), encoding="utf-8-sig")
    assert [(line.text, line.viewer) for line in read_log(log)] == [("one", "ü"), ("two", 7)]
    assert re.fullmatch(r"[a-z0-9_]{3,20}", handle_for(7, "run"))


@pytest.mark.parametrize(
    "text", ["", "\n\n", "hello", '{"viewer": "a", "text": "x"}', '{"at_ms": "soon", "viewer": "a", "text": "x"}']
)
def test_what_is_no_log_is_refused_by_name(tmp_path: Path, text: str) -> None:
    log = tmp_path / "chat.jsonl"
    log.write_text(text)
    with pytest.raises(LogError, match=re.escape(str(log))):
        read_log(log)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        read_log(tmp_path / "nowhere.jsonl")


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_handles_are_legal_and_differ_between_chatters(one: str, other: str) -> None:
    assert re.fullmatch(r"[a-z0-9_]{3,20}", handle_for(one, "run"))
    assert (handle_for(one, "run") == handle_for(other, "run")) == (one == other)


def test_the_summary_counts_what_the_room_showed() -> None:
    summary = Summary()
    for frame in (
        {"event": "chat:message", "data": {"messageId": "m"}},
        {"event": "mood:state", "data": {"mood": "joy"}},
    ):
        summary.see(frame)
        summary.see(frame)
    assert summary.seen == {"m": 2}
    assert summary.moods == {"joy": 2}
