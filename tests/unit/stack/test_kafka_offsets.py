"""Committed offsets: kept over restarts, torn lines cut off, outdated lines compacted away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livestreamx.stack.kafka.offsets import EXPIRY_MS, CommittedOffsets

OpenOffsets = Callable[[], CommittedOffsets]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "offsets.jsonl"


@pytest.fixture
def open_offsets(path: Path) -> Iterator[OpenOffsets]:
    opened: list[CommittedOffsets] = []

    def open_it() -> CommittedOffsets:
        opened.append(CommittedOffsets(path))
        return opened[-1]

    yield open_it
    for offsets in opened:
        offsets.close()


def numbers(offsets: CommittedOffsets, group: str) -> dict[tuple[str, int], int]:
    return {key: committed.offset for key, committed in offsets.of_group(group).items()}


def test_commits_survive_a_restart(open_offsets: OpenOffsets) -> None:
    offsets = open_offsets()
    offsets.commit("archive", {("chat", 0): (5, "note"), ("chat", 1): (7, "")})
    offsets.commit("archive", {("chat", 0): (6, "Zür\n\u2028ich")})
    again = open_offsets()
    assert numbers(again, "archive") == {("chat", 0): 6, ("chat", 1): 7}
    assert again.of_group("archive")["chat", 0].metadata == "Zür\n\u2028ich"


def test_a_torn_line_is_cut_off_and_writing_goes_on(open_offsets: OpenOffsets, path: Path) -> None:
    offsets = open_offsets()
    offsets.commit("archive", {("chat", 0): (5, "")})
    whole = path.read_bytes()
    offsets.commit("archive", {("chat", 0): (6, "")})
    path.write_bytes(path.read_bytes()[:-3])
    again = open_offsets()
    assert numbers(again, "archive") == {("chat", 0): 5}
    assert path.read_bytes() == whole
    again.commit("archive", {("chat", 0): (7, "")})
    assert numbers(open_offsets(), "archive") == {("chat", 0): 7}


def test_the_file_does_not_grow_for_ever(open_offsets: OpenOffsets, path: Path) -> None:
    offsets = open_offsets()
    for offset in range(2000):
        offsets.commit("archive", {("chat", 0): (offset, "")})
    before = path.stat().st_size
    assert offsets.compact_if_outdated()
    assert path.stat().st_size < before / 1000
    assert not offsets.compact_if_outdated()
    offsets.commit("mood", {("chat", 0): (1, "")})
    again = open_offsets()
    assert numbers(again, "archive") == {("chat", 0): 1999}
    assert numbers(again, "mood") == {("chat", 0): 1}


def test_deleted_topics_and_groups_are_forgotten(open_offsets: OpenOffsets) -> None:
    offsets = open_offsets()
    offsets.commit("archive", {("chat", 0): (5, ""), ("gifts", 0): (6, "")})
    offsets.commit("mood", {("chat", 0): (7, "")})
    offsets.forget_topic("chat")
    assert open_offsets().groups() == ["archive"]
    offsets.forget_group("archive")
    assert open_offsets().groups() == []


def test_silent_groups_expire_unless_they_have_members(open_offsets: OpenOffsets) -> None:
    offsets = open_offsets()
    for group in ("gone", "busy"):
        offsets.commit(group, {("chat", 0): (5, "")})
    committed_ms = offsets.of_group("gone")["chat", 0].committed_ms
    offsets.expire(committed_ms + EXPIRY_MS, active_groups=set())
    assert offsets.groups() == ["gone", "busy"]
    offsets.expire(committed_ms + EXPIRY_MS + 60_000, active_groups={"busy"})
    assert offsets.groups() == ["busy"]
