"""A live stream to try things on, and what the log of interactions holds of it."""

import secrets

from confluent_kafka import Consumer, Message, TopicPartition

from livestreamx.client import Account
from livestreamx.events import AnyEvent, decode
from livestreamx.settings import Settings
from livestreamx.topics import INTERACTIONS
from tests.integration.gateways import Viewer


class Show:
    """A live stream with its creator and one viewer."""

    def __init__(self, url: str, stream: str, creator: Account, viewer: Account) -> None:
        self.url, self.stream, self.creator, self.viewer = url, stream, creator, viewer

    async def enter(self, account: Account | None = None, path: str = "/ws", **query: object) -> Viewer:
        return await Viewer(self.url, self.stream, path, **query).open(account and account.access)


def recorded(settings: Settings, stream: str) -> list[AnyEvent]:
    """Every event of a stream in the log of interactions, which other tests fill too, with rubbish among it."""
    return [decode(record.value() or b"") for record in read_log(settings) if record.key() == stream.encode()]


def read_log(settings: Settings) -> list[Message]:
    """Every record in the log of interactions."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": secrets.token_hex(4)})
    try:
        records = []
        for partition in range(INTERACTIONS.partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(INTERACTIONS.name, partition), timeout=60)
            consumer.assign([TopicPartition(INTERACTIONS.name, partition, low)])
            while low < high:
                record = consumer.poll(60)
                assert record is not None
                assert record.error() is None
                low = (record.offset() or 0) + 1
                records.append(record)
        return records
    finally:
        consumer.close()
