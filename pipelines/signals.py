"""Sends what a flow has found out to the event log, for history and for whoever else wants it."""

from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from livestreamx.events import Event, encode

SEND_SECONDS = 15.0


def send(producer: Producer, events: Sequence[Event]) -> None:
    """Wait until the broker has all of them; `KafkaException` when it does not take one."""
    failures: list[KafkaException] = []
    for event in events:
        producer.produce(
            event.topic.name,
            encode(event),
            key=event.key,
            on_delivery=lambda error, _: failures.append(KafkaException(error)) if error else None,
        )
    if producer.flush(SEND_SECONDS):
        raise TimeoutError(f"the broker did not take all events within {SEND_SECONDS:g} s")
    if failures:
        raise failures[0]
