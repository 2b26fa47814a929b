"""What lay in the log, decoded once for all flows of a process: they follow each other within a few records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from confluent_kafka import Message

from pipelines.records import Record, Unreadable, read

KEPT = 2048
"""Offsets of a partition that stay decoded: what live flows are apart, and a chunk."""

Reading = Sequence[Record | Unreadable]


class Readings:
    """Decoded records by partition and offset; shared by threads, each of which may also decode for itself."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._read: defaultdict[str, dict[int, tuple[bytes | None, Reading]]] = defaultdict(dict)

    def of(self, place: str, messages: Iterable[Message], now_ms: int) -> list[Record | Unreadable]:
        """The records in these messages, in order."""
        known = self._read[place]
        found: list[Record | Unreadable] = []
        for message in messages:
            offset, payload = message.offset() or 0, message.value()
            before = known.get(offset)
            if before is None or before[0] != payload:  # a log that was made anew gives an offset again
                before = known[offset] = (payload, read(message, now_ms))
            found += before[1]
        self._forget(known)
        return found

    def _forget(self, known: dict[int, tuple[bytes | None, Reading]]) -> None:
        over = len(known) - self._kept
        if over > 0:
            for offset in list(known)[:over]:
                known.pop(offset, None)
