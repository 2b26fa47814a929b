"""One segment file of a partition: whole record batches one after the other, with a sparse index in memory.

A sealed segment keeps its index beside it and loads it on first use; without that file it is rebuilt from the log.
"""

import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from livestreamx.durable import sync_data, sync_folder, write_durably, write_fully
from livestreamx.stack.kafka.batch import HEADER, BatchHeader, checksum_matches, read_header, walk

INDEX_INTERVAL: Final = 4096  # bytes of log between two index entries
_NO_TIMESTAMP: Final = -1


class _IndexFile(msgspec.Struct, frozen=True):
    size: int
    next_offset: int
    max_timestamp: int
    offsets: bytes
    positions: bytes
    timestamps: bytes


class Segment:
    """Batches from `base_offset` up to, not including, `next_offset`, in `size` bytes.

    Index entry i: a batch starts at `_positions[i]` with offset `_offsets[i]`, and the newest timestamp before it in
    this segment is `_timestamps[i]` (ms).
    """

    def __init__(self, folder: Path, base_offset: int) -> None:
        self.base_offset = base_offset
        self.path = folder / f"{base_offset:020d}.log"
        self.next_offset = base_offset
        self.size = 0
        self.max_timestamp = _NO_TIMESTAMP
        self._offsets = array("q")
        self._positions = array("q")
        self._timestamps = array("q")
        self._descriptor: int | None = None
        self._loaded = False

    @classmethod
    def create(cls, folder: Path, base_offset: int) -> "Segment":
        segment = cls(folder, base_offset)
        segment._loaded = True
        segment._descriptor = os.open(segment.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        sync_folder(folder)
        return segment

    @property
    def descriptor(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR)
        return self._descriptor

    @property
    def index_path(self) -> Path:
        return self.path.with_suffix(".index")

    @property
    def producers_path(self) -> Path:
        """Where the sequence state of producers as of `base_offset` lies."""
        return self.path.with_suffix(".producers")

    def append(self, batch: bytearray) -> BatchHeader:
        """Write one batch that carries its final offset; on OSError the segment is as it was before."""
        start = self.size
        try:
            write_fully(self.descriptor, batch, start)
        except OSError:
            os.ftruncate(self.descriptor, start)
            raise
        header = read_header(batch)
        self._note(start, header)
        return header

    def recover(self, checked_size: int) -> list[BatchHeader]:
        """Rebuild the index from the file and cut a torn tail off; returns the headers of what remains.

        The first `checked_size` bytes are known to be on disk: checksums are verified only behind them.
        """
        self._loaded = True
        headers = []
        content = self.path.read_bytes()
        for position, header in walk(content):
            if header.base_offset != self.next_offset:
                break
            if position >= checked_size and not checksum_matches(content, position, header):
                break
            self._note(position, header)
            headers.append(header)
        if self.size < len(content):
            os.ftruncate(self.descriptor, self.size)
            os.fsync(self.descriptor)
        return headers

    def seal(self) -> None:
        """Make the content durable and store the index; nothing is appended any more."""
        sync_data(self.descriptor)
        index = _IndexFile(
            size=self.size,
            next_offset=self.next_offset,
            max_timestamp=self.max_timestamp,
            offsets=self._offsets.tobytes(),
            positions=self._positions.tobytes(),
            timestamps=self._timestamps.tobytes(),
        )
        write_durably(self.index_path, msgspec.msgpack.encode(index))

    def load(self) -> None:
        """Bring the index of a sealed segment into memory."""
        if self._loaded:
            return
        try:
            index = msgspec.msgpack.decode(self.index_path.read_bytes(), type=_IndexFile)
        except (FileNotFoundError, msgspec.DecodeError):
            index = None
        if index is None or index.size != self.path.stat().st_size:
            self.recover(checked_size=self.path.stat().st_size)
            self.seal()
            return
        self.size, self.next_offset, self.max_timestamp = index.size, index.next_offset, index.max_timestamp
        self._offsets.frombytes(index.offsets)
        self._positions.frombytes(index.positions)
        self._timestamps.frombytes(index.timestamps)
        self._loaded = True

    def read(self, offset: int, max_bytes: int, end: int) -> bytes:
        """Whole batches from the one that holds `offset` on: about `max_bytes`, at least one, none behind `end`."""
        entry = max(bisect_right(self._offsets, offset) - 1, 0)
        for position, header in self._walk_from(entry, end):
            if header.next_offset > offset:
                return os.pread(self.descriptor, self._read_end(position, header, max_bytes, end) - position, position)
        return b""

    def _read_end(self, start: int, first: BatchHeader, max_bytes: int, end: int) -> int:
        if start + max_bytes >= end:
            return end
        entry = bisect_right(self._positions, start + max_bytes) - 1
        return max(self._positions[entry], start + first.size)

    def first_since(self, timestamp: int, end: int) -> BatchHeader | None:
        """First batch before position `end` whose newest record is not older than `timestamp` (ms)."""
        entry = max(bisect_left(self._timestamps, timestamp) - 1, 0)
        for _, header in self._walk_from(entry, end):
            if header.max_timestamp >= timestamp:
                return header
        return None

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def delete(self) -> None:
        self.close()
        for path in (self.path, self.index_path, self.producers_path):
            path.unlink(missing_ok=True)

    def _note(self, position: int, header: BatchHeader) -> None:
        if not self._positions or position - self._positions[-1] >= INDEX_INTERVAL:
            self._offsets.append(header.base_offset)
            self._positions.append(position)
            self._timestamps.append(self.max_timestamp)
        self.max_timestamp = max(self.max_timestamp, header.max_timestamp)
        self.next_offset = header.next_offset
        self.size = position + header.size

    def _walk_from(self, entry: int, end: int) -> Iterator[tuple[int, BatchHeader]]:
        """Batches from an index entry on, up to position `end`; only their headers are read."""
        position = self._positions[entry] if entry < len(self._positions) else end
        block, block_start = b"", position
        while position < end:
            if position + HEADER.size > block_start + len(block):
                block, block_start = os.pread(self.descriptor, 2 * INDEX_INTERVAL, position), position
            header = read_header(block, position - block_start)
            yield position, header
            position += header.size
