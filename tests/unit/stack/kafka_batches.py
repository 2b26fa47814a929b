"""Record batches as a producer would send them, built byte by byte."""

from livestreamx.stack.kafka.batch import HEADER
from livestreamx.stack.kafka.crc32c import crc32c


def make_batch(
    payload: bytes = b"records",
    *,
    count: int = 1,
    timestamp: int = 1_700_000_000_000,
    producer_id: int = -1,
    epoch: int = -1,
    sequence: int = -1,
    attributes: int = 0,
    magic: int = 2,
) -> memoryview:
    """A batch of `count` records whose (opaque) content is `payload`; times in ms."""
    fields = (attributes, count - 1, timestamp, timestamp, producer_id, epoch, sequence, count)
    length = HEADER.size - 12 + len(payload)
    unchecked = HEADER.pack(0, length, -1, magic, 0, *fields) + payload
    return memoryview(HEADER.pack(0, length, -1, magic, crc32c(unchecked[21:]), *fields) + payload)
