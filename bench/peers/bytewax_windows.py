"""Bytewax as its documentation shows it: KafkaSource, map, key_on, fold_window with an event clock.

It waits an hour: with the two seconds of the others its clock, which runs on while a backlog is read, drops acts.
"""

from datetime import UTC, datetime, timedelta

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, SlidingWindower, fold_window
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

from bench.peers.tally import HOP, LENGTH, SLOTS, Tally, add


class Act(msgspec.Struct, gc=False):
    """The fields that are needed."""

    type: str
    occurred_at: datetime
    stream_id: str
    mood: str = ""
    tokens: int = 0
    accepted: bool = True


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Part(StatelessSinkPartition):  # type: ignore[type-arg]
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def write_batch(self, items: list[tuple[str, tuple[int, list[int]]]]) -> None:
        for stream, (window, sums) in items:
            self._tally.take(stream, window, sums)


class Sink(DynamicSink):  # type: ignore[type-arg]
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def build(self, *_: object) -> Part:
        return Part(self._tally)


def main() -> None:
    tally = Tally()
    decode = msgspec.json.Decoder(Act).decode
    flow = Dataflow("idiomatic")
    messages = op.input("in", flow, KafkaSource([tally.bootstrap], [tally.topic], tail=False))
    keyed = op.key_on("key", op.map("decode", messages, lambda one: decode(one.value)), lambda act: act.stream_id)
    made = fold_window(
        "windows",
        keyed,
        EventClock(lambda act: act.occurred_at, timedelta(hours=1)),
        SlidingWindower(timedelta(seconds=LENGTH), timedelta(seconds=HOP), EPOCH),
        lambda: [0] * SLOTS,
        lambda sums, act: add(sums, act.type, act.mood, act.tokens, act.accepted),
        lambda one, other: [a + b for a, b in zip(one, other, strict=True)],
    )
    late: list[object] = []
    op.inspect("late", made.late, lambda _step, one: late.append(one))
    op.output("out", made.down, Sink(tally))
    run_main(flow, epoch_interval=timedelta(seconds=10))
    tally.answer(late=len(late))


if __name__ == "__main__":
    main()
