"""Which events a flow has counted: their ids lie in blocks of one partition and a few minutes, beside the results.

A block is a string of 16 bytes an id. Its ids are kept in memory too: the fence lets only one process write them.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
import numpy as np
from redis import Redis

from livestreamx import keys, topics
from pipelines.effects import binary

ID_BYTES = 16
DAY_SECONDS = 86_400
MOST_IDS = 300_000
"""Ids kept in memory for one flow; blocks that were not asked for longest go first."""

BLOCK_SECONDS, KEPT_SECONDS = 60, DAY_SECONDS
"""Ephemeral acts come from idempotent producers: a day covers replays."""
RECORDED_BLOCK_SECONDS, RECORDED_KEPT_SECONDS = 600, 8 * DAY_SECONDS
"""Recorded acts: longer than the log keeps them, for the relay may repeat any of it."""
RECORDED = {topics.ECONOMY.name, topics.LIFECYCLE.name}

Blocks = Mapping[int, Sequence[bytes]]
"""Ids by the number of their block: seconds since the epoch through the block's length."""


def block_seconds(topic: str) -> int:
    """How long a block of a topic is."""
    return RECORDED_BLOCK_SECONDS if topic in RECORDED else BLOCK_SECONDS


def split(ids: bytes) -> list[bytes]:
    """Ids of 16 bytes each; `ValueError` when they are not."""
    return np.frombuffer(ids, f"V{ID_BYTES}").tolist()  # type: ignore[no-any-return]


class Seen:
    """The ids that one flow has counted."""

    def __init__(self, redis: Redis, flow: str) -> None:
        self._redis, self._flow = redis, flow
        self._blocks: OrderedDict[tuple[str, int], set[bytes]] = OrderedDict()
        self._count = 0

    def known(self, place: str, blocks: Blocks) -> set[bytes]:
        """Those of these ids that were counted before."""
        self._recall(place, blocks)
        found: set[bytes] = set()
        for number, ids in blocks.items():
            found.update(self._blocks[place, number].intersection(ids))
        return found

    def groups(self, place: str, topic: str, blocks: Blocks) -> list[tuple[str, int, msgspec.Raw]]:
        """Key, seconds to keep it and the bytes that `fenced.lua` appends for these ids."""
        seconds = RECORDED_KEPT_SECONDS if topic in RECORDED else KEPT_SECONDS
        return [
            (keys.flow_seen(self._flow, place, number), seconds, binary(b"".join(ids)))
            for number, ids in blocks.items()
        ]

    def note(self, place: str, blocks: Blocks) -> None:
        """Remember ids that were written."""
        for number, ids in blocks.items():
            block = self._blocks[place, number]
            before = len(block)
            block.update(ids)
            self._count += len(block) - before
        while self._count > MOST_IDS and len(self._blocks) > len(blocks):
            _, block = self._blocks.popitem(last=False)
            self._count -= len(block)

    def _recall(self, place: str, blocks: Blocks) -> None:
        missing = [number for number in blocks if (place, number) not in self._blocks]
        if missing:
            names = [keys.flow_seen(self._flow, place, number) for number in missing]
            for number, text in zip(missing, cast(list[bytes | None], self._redis.mget(names)), strict=True):
                self._blocks[place, number] = set(split(text or b""))
                self._count += len(self._blocks[place, number])
        for number in blocks:
            self._blocks.move_to_end((place, number))
