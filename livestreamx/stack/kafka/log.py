"""One partition: an append-only log of record batches in segments, with retention and idempotent producers.

Consumers see only what has been fsynced, so an offset they have read can never come to mean another record.
"""

import asyncio
import os
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from livestreamx.durable import write_durably
from livestreamx.stack.kafka.batch import place, validate
from livestreamx.stack.kafka.config import TopicConfig
from livestreamx.stack.kafka.producers import ProducerSnapshot, ProducerStates
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError
from livestreamx.stack.kafka.segment import Segment

LATEST: Final = -1
EARLIEST: Final = -2


class RecoveryPoint(msgspec.Struct, array_like=True, frozen=True):
    """How much of the last segment is known to be on disk: the segment's base offset and a size in bytes."""

    base_offset: int
    size: int


class PartitionLog:
    """Offsets `start_offset <= durable_offset <= next_offset`: oldest kept, first not yet fsynced, next to assign."""

    def __init__(self, folder: Path, config: TopicConfig, recovery_point: RecoveryPoint | None = None) -> None:
        self.folder = folder
        self.config = config
        self.closed = False
        self._watchers: set[asyncio.Event] = set()
        bases = sorted(int(path.stem) for path in folder.glob("*.log"))
        self._segments = [Segment(folder, base) for base in bases] or [Segment.create(folder, 0)]
        self._producers = self._recover(recovery_point)
        self.durable_offset = self.next_offset
        self._durable_size = self._active.size

    @property
    def start_offset(self) -> int:
        return self._segments[0].base_offset

    @property
    def next_offset(self) -> int:
        return self._active.next_offset

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(self._size_of(segment) for segment in self._segments)

    @property
    def _active(self) -> Segment:
        return self._segments[-1]

    def append(self, records: memoryview) -> int:
        """Append a producer's batches and return the offset of the first; a batch already held is not stored twice.

        Raises KafkaError when they are refused and OSError when the disk is.
        """
        data = bytearray(records)
        first_offset: int | None = None
        for position, header in validate(data, self.config.max_message_bytes):
            held_at = self._producers.check(header) if header.idempotent else None
            if held_at is None:
                held_at = self._append_batch(data[position : position + header.size])
            first_offset = held_at if first_offset is None else first_offset
        return self.next_offset if first_offset is None else first_offset

    def read(self, offset: int, max_bytes: int) -> bytes:
        """Whole durable batches from the one that holds `offset` on; empty at the end of the log.

        Raises KafkaError(OFFSET_OUT_OF_RANGE) before the start and behind the end.
        """
        if not self.start_offset <= offset <= self.next_offset:
            raise KafkaError(
                ErrorCode.OFFSET_OUT_OF_RANGE, f"{offset} is not in {self.start_offset}..{self.next_offset}"
            )
        index = bisect_right(self._segments, offset, key=lambda segment: segment.base_offset) - 1
        for segment in self._segments[index:]:
            segment.load()
            data = segment.read(offset, max_bytes, self._readable_size(segment))
            if data:
                return data
        return b""

    def offset_since(self, timestamp: int) -> tuple[int, int] | None:
        """Offset and timestamp (ms) of the first batch with a record not older than `timestamp`, None if all are."""
        for segment in self._segments:
            segment.load()
            if segment.max_timestamp >= timestamp:
                header = segment.first_since(timestamp, self._readable_size(segment))
                if header is not None:
                    return max(header.base_offset, self.start_offset), header.max_timestamp
        return None

    def watch(self, event: asyncio.Event) -> None:
        """Set `event` whenever there is more to read or the log is closed."""
        self._watchers.add(event)

    def unwatch(self, event: asyncio.Event) -> None:
        self._watchers.discard(event)

    def begin_sync(self) -> tuple[int, Callable[[], None]]:
        """Descriptor to fsync, and what to call on the event loop once that succeeded."""
        segment, size, offset = self._active, self._active.size, self._active.next_offset
        return segment.descriptor, lambda: self._complete_sync(segment, size, offset)

    def recovery_point(self) -> RecoveryPoint:
        return RecoveryPoint(self._active.base_offset, self._durable_size)

    def apply_retention(self, now_ms: int) -> int:
        """Delete segments that are too old or too many; returns how many. Never while an fsync is under way."""
        self._producers.expire(now_ms)
        if self._active.size and self._is_expired(self._active, now_ms):
            self._roll()
        deleted = 0
        while len(self._segments) > 1 and (self._is_expired(self._segments[0], now_ms) or self._is_excess()):
            self._segments.pop(0).delete()
            deleted += 1
        return deleted

    def close(self) -> None:
        """Close files and wake readers. Never while an fsync is under way."""
        self.closed = True
        for segment in self._segments:
            segment.close()
        self._wake()

    def _append_batch(self, batch: bytearray) -> int:
        if self._active.size and self._active.size + len(batch) > self.config.segment_bytes:
            self._roll()
        offset = self.next_offset
        place(batch, offset)
        header = self._active.append(batch)
        if header.idempotent:
            self._producers.record(header, offset, _now_ms())
        return offset

    def _roll(self) -> None:
        """Seal the active segment and start the next one."""
        sealed = self._active
        sealed.seal()
        following = Segment(self.folder, sealed.next_offset)
        write_durably(following.producers_path, msgspec.msgpack.encode(self._producers.snapshot()))
        self._segments.append(Segment.create(self.folder, sealed.next_offset))
        self.durable_offset, self._durable_size = sealed.next_offset, 0
        self._wake()

    def _complete_sync(self, segment: Segment, size: int, offset: int) -> None:
        if segment is self._active and not self.closed:
            self.durable_offset, self._durable_size = offset, size
            self._wake()

    def _wake(self) -> None:
        for event in self._watchers:
            event.set()

    def _readable_size(self, segment: Segment) -> int:
        return self._durable_size if segment is self._active else segment.size

    def _size_of(self, segment: Segment) -> int:
        return segment.size or segment.path.stat().st_size

    def _is_expired(self, segment: Segment, now_ms: int) -> bool:
        if self.config.retention_ms < 0:
            return False
        segment.load()
        return segment.max_timestamp < now_ms - self.config.retention_ms

    def _is_excess(self) -> bool:
        limit = self.config.retention_bytes
        return limit >= 0 and self.size - self._size_of(self._segments[0]) >= limit

    def _recover(self, point: RecoveryPoint | None) -> ProducerStates:
        """Scan the last segment only, and take up the producers' state where its snapshot left it."""
        active = self._active
        known = point.size if point is not None and point.base_offset == active.base_offset else 0
        producers = self._producers_before(active)
        now_ms = _now_ms()
        for header in active.recover(known):
            if header.idempotent:
                producers.record(header, header.base_offset, now_ms)
        os.fsync(active.descriptor)
        return producers

    def _producers_before(self, segment: Segment) -> ProducerStates:
        try:
            snapshot = msgspec.msgpack.decode(segment.producers_path.read_bytes(), type=list[ProducerSnapshot])
            return ProducerStates.restore(snapshot)
        except FileNotFoundError:
            return ProducerStates()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
