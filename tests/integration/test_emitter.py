"""The emitter: an event is accepted once the broker has it, and a broker that is away is said, not hidden."""

import asyncio
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from livestreamx import events
from livestreamx.engines import kafka as kafka_engine
from livestreamx.engines.kafka import REQUEST_ID_HEADER, Emitter, make_topics
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings
from livestreamx.topics import ALL, INTERACTIONS
from tests.conftest import free_port


def read_all(bootstrap: str, topic: str) -> list[tuple[bytes, dict[str, bytes]]]:
    """Every record of a topic, with its headers."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": str(uuid4()), "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(INTERACTIONS.partitions)])
    found, ended = [], 0
    while ended < INTERACTIONS.partitions:
        for message in consumer.consume(500, 1):
            if message.error():
                ended += 1
            else:
                found.append((message.value(), dict(message.headers() or [])))
    consumer.close()
    return found


async def test_what_was_emitted_is_in_the_log_with_its_request_id(settings: Settings) -> None:
    emitter, stream = Emitter(settings.kafka_bootstrap), uuid4()
    sent = [events.ReactionSent(stream_id=stream, user_id=uuid4(), mood="joy") for _ in range(100)]
    await asyncio.gather(*(emitter.emit(event, request_id="req-1") for event in sent))
    emitter.close()
    records = await asyncio.to_thread(read_all, settings.kafka_bootstrap, INTERACTIONS.name)
    ours = [(events.decode(value), headers) for value, headers in records if str(stream).encode() in value]
    assert sorted(event.event_id for event, _ in ours) == sorted(event.event_id for event in sent)
    assert all(headers[REQUEST_ID_HEADER] == b"req-1" for _, headers in ours)


async def test_a_broker_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_engine, "DELIVERY_TIMEOUT_MS", 1000)
    emitter = Emitter(f"127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable):
        await emitter.emit(events.ReactionSent(stream_id=uuid4(), mood="joy"))
    emitter.close(0.1)


def test_topics_are_made_once(settings: Settings) -> None:
    assert make_topics(settings.kafka_bootstrap, ALL) == []
