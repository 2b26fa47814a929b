"""A flow's place in the log lies beside its results in Redis: both are written by one script, so they cannot disagree.

Events that come twice (the outbox is at-least-once, logs are replayed) are counted once: their ids are remembered.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, cast

import msgspec
from redis import Redis
from redis.client import Pipeline

from livestreamx import keys
from pipelines.effects import Op
from pipelines.records import Chunk, Record
from pipelines.seen import Blocks, Seen, block_seconds
from pipelines.sources import Position

SCRIPT = files("pipelines").joinpath("fenced.lua").read_text()

_pack = msgspec.msgpack.Encoder().encode


class FenceMovedError(RuntimeError):
    """Another process has written this partition of the flow; this one starts again from there."""


class Fence:
    """The offsets of one flow, and the only way to write its results."""

    def __init__(self, redis: Redis, flow: str) -> None:
        self._redis, self._flow, self._key = redis, flow, keys.flow_offsets(flow)
        self._script = redis.register_script(SCRIPT)
        self.seen = Seen(redis, flow)

    def read(self) -> Mapping[str, Position]:
        """Where the flow stands in each partition that it has touched."""
        found = cast(dict[bytes, bytes], self._redis.hgetall(self._key))
        every = {name.decode(): int(offset) for name, offset in found.items()}
        return {
            where: Position(offset, every.get(f"{where}:since"))
            for where, offset in every.items()
            if not where.endswith(":since")
        }

    def unseen(self, chunk: Chunk, *, remember: bool = True) -> tuple[Sequence[Record], Blocks]:
        """The chunk's records that were not counted before, and their ids where they are to be remembered."""
        records = first_of_each(chunk.records)
        if not remember:
            return records, {}
        blocks = blocks_of(chunk.topic, records)
        if known := self.seen.known(chunk.place, blocks):
            records = [record for record in records if record.event.event_id.bytes not in known]
            blocks = blocks_of(chunk.topic, records)
        return records, blocks

    def write(
        self,
        chunk: Chunk,
        ops: Sequence[Op],
        blocks: Blocks,
        *,
        since: int | None = None,
        watching: Pipeline | None = None,
    ) -> list[Any]:
        """Write these changes, that the flow has come past the chunk, and the ids that were counted in it.

        Without ids events that come twice are not told apart, for results that do not change with the second. `since`
        is the earliest offset that rebuilds the flow's state.
        The results of the script's functions; `FenceMovedError` when this is not where the flow stands. With
        `watching`, a pipeline that watches keys, nothing is written when another changed them: `WatchError`.
        """
        change = _pack({"seen": self.seen.groups(chunk.place, chunk.topic, blocks), "ops": ops, "since": since})
        start, after = ("" if offset is None else offset for offset in (chunk.start, chunk.next))
        args = [chunk.place, start, after, change]
        if watching is None:
            answer = cast(list[Any], self._script(keys=[self._key], args=args))
        else:
            watching.multi()
            self._script(keys=[self._key], args=args, client=watching)
            answer = cast(list[Any], watching.execute()[0])
        if answer[0] != b"done":
            raise FenceMovedError(f"{self._flow}: {chunk.place} stands at {answer[1]!r}, not at {start!r}")
        self.seen.note(chunk.place, blocks)
        return answer[1:]


def blocks_of(topic: str, records: Sequence[Record]) -> Blocks:
    """The ids of these records' events, by block."""
    seconds = block_seconds(topic)
    blocks: defaultdict[int, list[bytes]] = defaultdict(list)
    for record in records:
        blocks[int(record.event.occurred_at.timestamp()) // seconds].append(record.event.event_id.bytes)
    return blocks


def first_of_each(records: Sequence[Record]) -> Sequence[Record]:
    """The records without a second of the same event."""
    first = {record.event.event_id: record for record in reversed(records)}
    return records if len(first) == len(records) else [*reversed(first.values())]
