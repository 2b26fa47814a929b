"""Pulse: what every second of a stream held, so that any window is a sum; the flow that is made for the highest rates.

It looks at few fields of an act and sums a whole chunk before anything travels.
"""

from collections.abc import Callable, Sequence
from itertools import compress, pairwise
from typing import cast
from uuid import UUID

import numpy as np

from features.pulse import ACTS, SLOTS, at_rest
from livestreamx import keys, topics
from livestreamx.events.packed import NOWHERE
from pipelines.act_table import ActTable, joined
from pipelines.effects import Effects, binary
from pipelines.feed import Pace
from pipelines.fences import Fence
from pipelines.records import Chunk
from pipelines.seen import Blocks, block_seconds

NAME = "pulse"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY)
PACE = Pace(most=20_000)
KEPT_SECONDS = 900
"""Longer than the five minutes that a window is compared with."""


def count(table: ActTable) -> Effects:
    """What these acts add to the seconds of their streams."""
    effects = Effects()
    first = int(table.second.min(initial=0)) if len(table.ids) else 0
    span = int(table.second.max(initial=0)) - first + 1
    panes, pane_of = np.unique(table.stream * span + (table.second - first), return_inverse=True)
    sums = np.bincount(pane_of * SLOTS + table.slot, weights=table.amount, minlength=len(panes) * SLOTS)
    sums = sums.astype(np.int64).reshape(-1, SLOTS)
    sums[:, ACTS] = np.bincount(pane_of, minlength=len(panes))
    stream, second = panes // span, panes % span + first
    minute = second // 60
    new = np.flatnonzero((np.diff(stream, prepend=-1) != 0) | (np.diff(minute, prepend=-1) != 0))
    for start, end in pairwise([*new.tolist(), len(panes)]):
        name = table.streams[stream[start]]
        if name != NOWHERE.bytes:
            key = keys.stream_pulse(UUID(bytes=name), int(minute[start]))
            effects.call("sum", key, KEPT_SECONDS, second[start:end].tolist(), binary(at_rest(sums[start:end])))
    return effects


def blocks_of(topic: str, table: ActTable) -> Blocks:
    """The ids of a table's acts, by block."""
    numbers = table.second // block_seconds(topic)
    found = np.unique(numbers).tolist()
    if len(found) == 1:
        return {found[0]: table.ids}
    return {number: [*compress(table.ids, (numbers == number).tolist())] for number in found}


def table_writer(fence: Fence) -> Callable[[Sequence[Chunk]], None]:
    """Writes chunks of tables; every act once."""

    def write(chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if chunk.next == chunk.start:
                continue
            tables = cast(Sequence[ActTable], chunk.records)
            if not tables:
                fence.write(chunk, (), {})
                continue
            table = without_doubles(joined(tables))
            blocks = blocks_of(chunk.topic, table)
            if known := fence.seen.known(chunk.place, blocks):
                table = table.only(np.array([name not in known for name in table.ids]))
                blocks = blocks_of(chunk.topic, table)
            fence.write(chunk, count(table).ops(), blocks)

    return write


def without_doubles(table: ActTable) -> ActTable:
    """The table without a second of the same act."""
    if len(set(table.ids)) == len(table.ids):
        return table
    first = {name: number for number, name in reversed([*enumerate(table.ids)])}
    return table.only(np.array([first[name] == number for number, name in enumerate(table.ids)]))
