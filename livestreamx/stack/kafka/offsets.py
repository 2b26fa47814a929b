"""Committed offsets of consumer groups: a file of JSON lines that is appended to and rewritten when mostly outdated."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from livestreamx.durable import write_durably, write_fully

EXPIRY_MS: Final = 7 * 24 * 3600 * 1000  # after which offsets of a group without members are forgotten
_COMPACT_FROM: Final = 1000  # lines
_COMPACT_RATIO: Final = 4  # lines per live entry

TopicPartition = tuple[str, int]


class CommittedOffset(msgspec.Struct, frozen=True):
    """Next offset that a group wants to read, the client's own note, and when it was committed (ms)."""

    offset: int
    metadata: str
    committed_ms: int


class _Line(msgspec.Struct, array_like=True, frozen=True):
    group: str
    topic: str
    partition: int
    committed: CommittedOffset | None


class CommittedOffsets:
    """What each group committed; a `Syncable` of the group commit."""

    def __init__(self, path: Path) -> None:
        self.closed = False
        self._path = path
        self._groups: dict[str, dict[TopicPartition, CommittedOffset]] = {}
        self._lines = 0
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._size = self._recover()

    def of_group(self, group: str) -> dict[TopicPartition, CommittedOffset]:
        return self._groups.get(group, {})

    def groups(self) -> list[str]:
        return list(self._groups)

    def commit(self, group: str, offsets: dict[TopicPartition, tuple[int, str]]) -> None:
        """Store offsets and notes of a group; durable after the next group commit. OSError changes nothing."""
        now_ms = time.time_ns() // 1_000_000
        self._append(
            _Line(group, topic, partition, CommittedOffset(offset, metadata, now_ms))
            for (topic, partition), (offset, metadata) in offsets.items()
        )

    def forget_group(self, group: str) -> None:
        self._append(_Line(group, topic, partition, None) for topic, partition in list(self.of_group(group)))

    def forget_topic(self, name: str) -> None:
        self._append(
            _Line(group, topic, partition, None)
            for group, offsets in list(self._groups.items())
            for topic, partition in list(offsets)
            if topic == name
        )

    def expire(self, now_ms: int, active_groups: set[str]) -> None:
        """Forget groups without members that have not committed for a week."""
        for group, offsets in list(self._groups.items()):
            newest = max(committed.committed_ms for committed in offsets.values())
            if group not in active_groups and now_ms - newest > EXPIRY_MS:
                self.forget_group(group)

    def compact_if_outdated(self) -> bool:
        """Rewrite the file with live entries only, when most are not. Never while an fsync is under way."""
        live = sum(len(offsets) for offsets in self._groups.values())
        if self._lines < max(_COMPACT_FROM, live * _COMPACT_RATIO):
            return False
        lines = [
            _Line(group, topic, partition, committed)
            for group, offsets in self._groups.items()
            for (topic, partition), committed in offsets.items()
        ]
        content = msgspec.json.Encoder().encode_lines(lines)
        write_durably(self._path, content)
        os.close(self._descriptor)
        self._descriptor = os.open(self._path, os.O_RDWR)
        self._lines, self._size = live, len(content)
        return True

    def begin_sync(self) -> tuple[int, Callable[[], None]]:
        return self._descriptor, lambda: None

    def close(self) -> None:
        self.closed = True
        os.close(self._descriptor)

    def _append(self, lines: Iterable[_Line]) -> None:
        lines = list(lines)
        content = msgspec.json.Encoder().encode_lines(lines)
        try:
            write_fully(self._descriptor, content, self._size)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(content)
        for line in lines:
            self._apply(line)

    def _apply(self, line: _Line) -> None:
        self._lines += 1
        offsets = self._groups.setdefault(line.group, {})
        if line.committed is not None:
            offsets[line.topic, line.partition] = line.committed
            return
        offsets.pop((line.topic, line.partition), None)
        if not offsets:
            del self._groups[line.group]

    def _recover(self) -> int:
        """Read the file up to the first line that is not whole, cut the rest off; returns the size kept."""
        content = self._path.read_bytes()
        decoder = msgspec.json.Decoder(_Line)
        kept = 0
        for raw in content.splitlines(keepends=True):
            try:
                line = decoder.decode(raw)
            except msgspec.DecodeError:
                break
            if not raw.endswith(b"\n"):
                break
            self._apply(line)
            kept += len(raw)
        if kept < len(content):
            structlog.get_logger().warning("torn offsets cut off", path=str(self._path), bytes=len(content) - kept)
            os.ftruncate(self._descriptor, kept)
        os.fsync(self._descriptor)
        return kept
