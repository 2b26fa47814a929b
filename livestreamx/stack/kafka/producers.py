"""Sequence state of idempotent producers in one partition: refuses gaps, recognises repeated batches.

The last five batches of each producer are remembered, as many as a client may have in flight.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import msgspec

from livestreamx.stack.kafka.batch import BatchHeader
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError

REMEMBERED_BATCHES: Final = 5
EXPIRY_MS: Final = 24 * 3600 * 1000
_SEQUENCE_MASK: Final = 0x7FFFFFFF


class AppendedBatch(msgspec.Struct, array_like=True, frozen=True):
    """One batch of a producer that the log holds."""

    base_sequence: int
    last_sequence: int
    base_offset: int


class ProducerSnapshot(msgspec.Struct, array_like=True, frozen=True):
    """A producer's state as it is written beside a segment."""

    producer_id: int
    epoch: int
    last_seen_ms: int
    batches: list[AppendedBatch]


@dataclass(slots=True)
class _Producer:
    epoch: int
    last_seen_ms: int
    batches: deque[AppendedBatch] = field(default_factory=lambda: deque(maxlen=REMEMBERED_BATCHES))


class ProducerStates:
    """What each idempotent producer last appended to a partition."""

    def __init__(self) -> None:
        self._producers: dict[int, _Producer] = {}

    def check(self, header: BatchHeader) -> int | None:
        """Offset of the batch if the log already holds it, None if it is the producer's next one.

        Raises KafkaError: OUT_OF_ORDER_SEQUENCE_NUMBER after a gap, DUPLICATE_SEQUENCE_NUMBER for a repeat older than
        what is remembered, INVALID_PRODUCER_EPOCH for a producer that was replaced.
        """
        producer = self._producers.get(header.producer_id)
        if producer is None:
            return None
        if header.producer_epoch < producer.epoch:
            raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, f"epoch {header.producer_epoch} < {producer.epoch}")
        if header.producer_epoch > producer.epoch:
            if header.base_sequence != 0:
                raise KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "a new epoch must start at sequence 0")
            return None
        last_sequence = _last_sequence(header)
        for batch in producer.batches:
            if batch.base_sequence == header.base_sequence and batch.last_sequence == last_sequence:
                return batch.base_offset
        expected = _after(producer.batches[-1].last_sequence)
        if header.base_sequence == expected:
            return None
        if _is_before(last_sequence, expected):
            raise KafkaError(ErrorCode.DUPLICATE_SEQUENCE_NUMBER, f"sequence {header.base_sequence} is long stored")
        raise KafkaError(
            ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, f"sequence {header.base_sequence}, expected {expected}"
        )

    def record(self, header: BatchHeader, base_offset: int, seen_ms: int) -> None:
        """Remember that the log holds this batch at `base_offset`."""
        producer = self._producers.get(header.producer_id)
        if producer is None or producer.epoch != header.producer_epoch:
            producer = self._producers[header.producer_id] = _Producer(header.producer_epoch, seen_ms)
        producer.last_seen_ms = seen_ms
        producer.batches.append(AppendedBatch(header.base_sequence, _last_sequence(header), base_offset))

    def expire(self, now_ms: int) -> None:
        """Forget producers that were silent for a day."""
        self._producers = {
            producer_id: producer
            for producer_id, producer in self._producers.items()
            if now_ms - producer.last_seen_ms < EXPIRY_MS
        }

    def snapshot(self) -> list[ProducerSnapshot]:
        return [
            ProducerSnapshot(producer_id, producer.epoch, producer.last_seen_ms, list(producer.batches))
            for producer_id, producer in self._producers.items()
        ]

    @classmethod
    def restore(cls, snapshot: list[ProducerSnapshot]) -> "ProducerStates":
        states = cls()
        for entry in snapshot:
            batches = deque(entry.batches, maxlen=REMEMBERED_BATCHES)
            states._producers[entry.producer_id] = _Producer(entry.epoch, entry.last_seen_ms, batches)
        return states


def _last_sequence(header: BatchHeader) -> int:
    return (header.base_sequence + header.last_offset_delta) & _SEQUENCE_MASK


def _after(sequence: int) -> int:
    return (sequence + 1) & _SEQUENCE_MASK


def _is_before(sequence: int, other: int) -> bool:
    """Order of sequences that wrap around after 2**31 - 1."""
    return sequence != other and (other - sequence) & _SEQUENCE_MASK < _SEQUENCE_MASK // 2
