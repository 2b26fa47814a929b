"""Record batches (format v2) as the log sees them: an opaque payload behind a 61-byte header.

Only the header is read; records stay compressed as the producer sent them. Offsets are assigned by patching the header.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from livestreamx.stack.kafka.crc32c import crc32c
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError

HEADER: Final = struct.Struct(">qiibIhiqqqhii")
_LENGTH_PREFIX: Final = 12  # base offset and batch length lie before what batch length counts
_CHECKED_FROM: Final = 21  # the checksum covers everything from the attributes on
_MAGIC: Final = 2
_TRANSACTIONAL_OR_CONTROL: Final = 0x30
_BASE_OFFSET: Final = struct.Struct(">q")
_LEADER_EPOCH: Final = struct.Struct(">i")


class BatchHeader(NamedTuple):
    """The header's fields in wire order. Times are milliseconds since 1970; producer id -1 means not idempotent."""

    base_offset: int
    batch_length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch, header included."""
        return self.batch_length + _LENGTH_PREFIX

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.last_offset_delta + 1

    @property
    def idempotent(self) -> bool:
        return self.producer_id >= 0


def read_header(buffer: bytes | bytearray | memoryview, position: int = 0) -> BatchHeader:
    """Header at `position`, of which at least `HEADER.size` bytes must be there."""
    return BatchHeader._make(HEADER.unpack_from(buffer, position))


def walk(buffer: bytes | bytearray | memoryview, position: int = 0) -> Iterator[tuple[int, BatchHeader]]:
    """Position and header of each whole, well-formed batch from `position` on; stops at the first that is not."""
    while position + HEADER.size <= len(buffer):
        header = read_header(buffer, position)
        if header.magic != _MAGIC or header.size < HEADER.size or position + header.size > len(buffer):
            return
        if header.last_offset_delta < 0:
            return
        yield position, header
        position += header.size


def checksum_matches(buffer: bytes | bytearray | memoryview, position: int, header: BatchHeader) -> bool:
    return crc32c(memoryview(buffer)[position + _CHECKED_FROM : position + header.size]) == header.crc


def validate(records: bytes | bytearray | memoryview, max_batch_bytes: int) -> list[tuple[int, BatchHeader]]:
    """Positions and headers of all batches in a producer's `records`.

    Raises KafkaError with the code that tells the producer why none of them is accepted.
    """
    if len(records) > 16 and records[16] != _MAGIC:
        raise KafkaError(ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, f"magic {records[16]}, only v2 batches are kept")
    batches = list(walk(records))
    if not batches or batches[-1][0] + batches[-1][1].size != len(records):
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, "records are not whole v2 batches")
    for position, header in batches:
        if header.size > max_batch_bytes:
            raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE, f"{header.size} bytes, the limit is {max_batch_bytes}")
        if not checksum_matches(records, position, header):
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, "checksum does not match")
        if header.record_count != header.last_offset_delta + 1:
            raise KafkaError(ErrorCode.INVALID_RECORD, "record count and last offset delta disagree")
        if header.idempotent and header.base_sequence < 0:
            raise KafkaError(ErrorCode.INVALID_RECORD, "an idempotent batch needs a sequence")
        if header.attributes & _TRANSACTIONAL_OR_CONTROL:
            raise KafkaError(ErrorCode.INVALID_RECORD, "transactions are not supported")
    return batches


def place(batch: bytearray, base_offset: int) -> None:
    """Give a batch its offset in the log. The checksum does not cover the patched fields."""
    _BASE_OFFSET.pack_into(batch, 0, base_offset)
    _LEADER_EPOCH.pack_into(batch, _LENGTH_PREFIX, 0)
