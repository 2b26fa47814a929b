"""A consumer loop written by hand: confluent-kafka, msgspec, dicts. In memory, safe from nothing."""

from collections import defaultdict
from datetime import UTC, datetime

import msgspec
from confluent_kafka import Consumer, TopicPartition

from bench.peers.tally import LENGTH, SLOTS, Tally, add


class Act(msgspec.Struct, gc=False):
    """The fields that are needed."""

    type: str
    occurred_at: str
    stream_id: str
    mood: str = ""
    tokens: int = 0
    accepted: bool = True


def main() -> None:
    tally = Tally()
    consumer = Consumer({"bootstrap.servers": tally.bootstrap, "group.id": "hand", "queued.min.messages": 200_000})
    consumer.assign([TopicPartition(tally.topic, number, 0) for number in range(4)])
    decode = msgspec.json.Decoder(Act).decode
    panes: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
    got = 0
    while got < tally.count:
        for message in consumer.consume(10_000, 0.05):
            act = decode(message.value() or b"")
            seconds = panes[act.stream_id]
            sums = seconds.get(act.occurred_at[:19])
            if sums is None:
                sums = seconds[act.occurred_at[:19]] = [0] * SLOTS
            add(sums, act.type, act.mood, act.tokens, act.accepted)
            got += 1
    for stream, seconds in panes.items():
        close(tally, stream, {second_of(text): sums for text, sums in seconds.items()})
    tally.answer()


def second_of(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def close(tally: Tally, stream: str, seconds: dict[int, list[int]]) -> None:
    """Hand in every window of a stream."""
    for start in sorted({second - age for second in seconds for age in range(LENGTH)}):
        sums = [0] * SLOTS
        for second in range(start, start + LENGTH):
            if pane := seconds.get(second):
                sums = [one + other for one, other in zip(sums, pane, strict=True)]
        tally.take(stream, start, sums)


if __name__ == "__main__":
    main()
