"""Pulse: what every second of a stream held, so that any window is a sum; the flow that is made for the highest rates.

It looks at few fields of an act and sums a whole chunk before anything travels.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from features.pulse import ACTS, SLOTS
from livestreamx import keys, topics
from pipelines.act_table import ActTable, joined
from pipelines.effects import Effects
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
    minutes: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    seconds = (panes % span + first).tolist()
    for pane, (stream, second) in enumerate(zip((panes // span).tolist(), seconds, strict=True)):
        minutes[stream, second // 60].append(pane)
    rows = sums.tolist()
    for (stream, minute), own in minutes.items():
        if name := table.streams[stream]:
            key = keys.stream_pulse(name, minute)
            effects.call("sum", key, KEPT_SECONDS, [seconds[pane] for pane in own], [rows[pane] for pane in own])
    return effects


def blocks_of(topic: str, table: ActTable) -> Blocks:
    """The ids of a table's acts, by block."""
    numbers = table.second // block_seconds(topic)
    if len(numbers) and numbers.min() == numbers.max():
        return {int(numbers[0]): table.ids}
    blocks: defaultdict[int, list[bytes]] = defaultdict(list)
    for number, name in zip(numbers.tolist(), table.ids, strict=True):
        blocks[number].append(name)
    return blocks


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
