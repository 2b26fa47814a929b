"""The shape of every flow that keeps its results in Redis: chunks in, and behind the fence what they change."""

from collections.abc import Callable, Sequence
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink

from pipelines.effects import Effects
from pipelines.fences import Fence
from pipelines.records import Chunk, Record

Count = Callable[[Sequence[Record]], Effects]
Announce = Callable[[Sequence[Record], Effects], None]
React = Callable[[Sequence[Record], list[Any]], None]


def counting(name: str, source: Source[Chunk], sink: Sink[Chunk]) -> Dataflow:
    """The dataflow: chunks of partitions, in order, into the sink that counts them."""
    flow = Dataflow(name)
    op.output("redis", op.input("kafka", flow, source), sink)
    return flow


def chunk_writer(
    fence: Fence, count: Count, *, before: Announce | None = None, after: React | None = None
) -> Callable[[Sequence[Chunk]], None]:
    """Writes chunks one by one.

    `before` sees what is new in a chunk and what it will change, before that is written, so it may see some again
    after a crash; `after` sees the same and what the script answered, and is called with nothing when time passes.
    """

    def write(chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            results: list[Any] = []
            records: Sequence[Record] = ()
            if chunk.next != chunk.start:
                records, blocks = fence.unseen(chunk)
                effects = count(records)
                if before:
                    before(records, effects)
                results = fence.write(chunk, effects.ops(), blocks)
            if after:
                after(records, results)

    return write
