"""A flow's place in the log lies beside its results in Redis: both are written by one script, so they cannot disagree.

Events that come twice (the outbox is at-least-once, logs are replayed) are counted once: their ids are remembered.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, cast
from uuid import UUID

import msgspec
from redis import Redis

from livestreamx import keys, topics
from pipelines.effects import Effects, sliced
from pipelines.records import Chunk, Record
from pipelines.sources import Position

SCRIPT = files("pipelines").joinpath("fenced.lua").read_text()
HOUR_MS = 3_600_000
DAY_SECONDS = 86_400
REMEMBER_SECONDS = {topics.ECONOMY.name: 8 * DAY_SECONDS, topics.LIFECYCLE.name: 8 * DAY_SECONDS}
"""Recorded acts: longer than the log keeps them, for the relay may repeat any of it."""
REMEMBER_FIRSTHAND_SECONDS = DAY_SECONDS
"""Ephemeral acts come from idempotent producers: a day covers replays. An id takes about 64 bytes."""

Count = Callable[[Sequence[Record]], Effects]

_pack = msgspec.msgpack.Encoder().encode


class FenceMovedError(RuntimeError):
    """Another process has written this partition of the flow; this one starts again from there."""


class Fence:
    """The offsets of one flow, and the only way to write its results."""

    def __init__(self, redis: Redis, flow: str) -> None:
        self._redis, self._flow, self._key = redis, flow, keys.flow_offsets(flow)
        self._script = redis.register_script(SCRIPT)

    def read(self) -> Mapping[str, Position]:
        """Where the flow stands in each partition that it has touched."""
        found = cast(dict[bytes, bytes], self._redis.hgetall(self._key))
        every = {name.decode(): int(offset) for name, offset in found.items()}
        return {
            where: Position(offset, every.get(f"{where}:since"))
            for where, offset in every.items()
            if not where.endswith(":since")
        }

    def commit(
        self, chunk: Chunk, count: Count, *, since: int | None = None, remember: bool = True
    ) -> tuple[list[Any], Sequence[Record]]:
        """Write what the chunk's new events change, and that the flow has come past it.

        `since` is the earliest offset that rebuilds the flow's state; without `remember` events that come twice are
        not told apart, for results that do not change with the second. The results of the script's functions, and the
        records counted: those that were not known before. `FenceMovedError` when this is not where the flow stands.
        """
        records = first_of_each(chunk.records)
        while True:
            groups, ids = self._seen(chunk.topic, records) if remember else ([], b"")
            change = _pack({"seen": groups, "ops": count(records).ops(), "since": since})
            start, after = ("" if offset is None else offset for offset in (chunk.start, chunk.next))
            answer = cast(list[Any], self._script(keys=[self._key], args=[chunk.place, start, after, change, ids]))
            match answer[0]:
                case b"done":
                    return answer[1:], records
                case b"doubles":
                    known = {UUID(bytes=name) for name in answer[1:]}
                    records = [record for record in records if record.event.event_id not in known]
                case _:
                    raise FenceMovedError(f"{self._flow}: {chunk.place} stands at {answer[1]!r}, not at {start!r}")

    def _seen(self, topic: str, records: Sequence[Record]) -> tuple[list[tuple[str, int, int]], bytes]:
        hours: defaultdict[int, list[bytes]] = defaultdict(list)
        for record in records:
            hours[int(record.event.occurred_at.timestamp() * 1000) // HOUR_MS].append(record.event.event_id.bytes)
        seconds = REMEMBER_SECONDS.get(topic, REMEMBER_FIRSTHAND_SECONDS)
        groups = [
            (keys.flow_seen(self._flow, hour), seconds, len(some))
            for hour, ids in hours.items()
            for some in sliced(ids)
        ]
        return groups, b"".join(name for ids in hours.values() for name in ids)


def first_of_each(records: Sequence[Record]) -> Sequence[Record]:
    """The records without a second of the same event."""
    first = {record.event.event_id: record for record in reversed(records)}
    return records if len(first) == len(records) else [*reversed(first.values())]
