"""Embedded Kafka under load: events a second in and out, the wait of a lone acknowledged event, cost at rest.

The peer is a real Kafka, measured the same way when LSX_KAFKA_BOOTSTRAP names one.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from rich.console import Console
from rich.table import Table

EVENTS: Final = 200_000
PARTITIONS: Final = 8
LONE_EVENTS: Final = 400
EVENT: Final = json.dumps({"type": "chat:message", "id": "x" * 36, "text": "y" * 120}).encode().ljust(200)
IDLE_SECONDS: Final = 2.0

Figures = dict[str, str]


@contextmanager
def embedded_kafka() -> Iterator[tuple[str, psutil.Process]]:
    with tempfile.TemporaryDirectory(prefix="bench-kafka-") as home:
        command = [sys.executable, "-m", "livestreamx.stack.kafka", "--home", home, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as broker:
            assert broker.stdout is not None
            try:
                yield broker.stdout.readline().split()[1], psutil.Process(broker.pid)
            finally:
                broker.terminate()


def create_topic(bootstrap: str, partitions: int) -> str:
    name = f"bench-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(10)
    return name


def produce(bootstrap: str, topic: str, compression: str) -> float:
    """Events a second from the first call to the last acknowledgement."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 5,
            "compression.type": compression,
            "enable.idempotence": True,
            "queue.buffering.max.messages": EVENTS,
        }
    )
    started = time.perf_counter()
    for number in range(EVENTS):
        producer.produce(topic, EVENT, partition=number % PARTITIONS)
        if number % 2000 == 0:
            producer.poll(0)
    if producer.flush(60):
        raise RuntimeError("not every event was acknowledged")
    return EVENTS / (time.perf_counter() - started)


def consume(bootstrap: str, topic: str) -> float:
    """Events a second from the first fetch to the last event."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
    started = time.perf_counter()
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
    received = 0
    while received < EVENTS:
        received += sum(1 for message in consumer.consume(10_000, 0.05) if message.error() is None)
    rate = received / (time.perf_counter() - started)
    consumer.close()
    return rate


def lone_waits(bootstrap: str, topic: str) -> list[float]:
    """Milliseconds from produce to acknowledgement, one event at a time, in rising order."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all", "enable.idempotence": True})
    producer.produce(topic, EVENT)
    producer.flush(10)
    waits = []
    for _ in range(LONE_EVENTS):
        started = time.perf_counter()
        producer.produce(topic, EVENT)
        producer.flush(10)
        waits.append((time.perf_counter() - started) * 1000)
    return sorted(waits)


def idle_load(bootstrap: str, topic: str, broker: psutil.Process) -> float:
    """Percent of one core that the broker takes while a consumer waits for events that do not come."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "idle", "auto.offset.reset": "latest"})
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    consumer.poll(1.0)
    broker.cpu_percent()
    consumer.poll(IDLE_SECONDS)
    load = broker.cpu_percent()
    consumer.close()
    return load


def measure(bootstrap: str, broker: psutil.Process | None) -> Figures:
    plain, compressed, lone = (create_topic(bootstrap, partitions) for partitions in (PARTITIONS, PARTITIONS, 1))
    figures = {
        "produce, events/s": f"{produce(bootstrap, plain, 'none'):,.0f}",
        "produce zstd, events/s": f"{produce(bootstrap, compressed, 'zstd'):,.0f}",
        "consume, events/s": f"{consume(bootstrap, plain):,.0f}",
        "consume zstd, events/s": f"{consume(bootstrap, compressed):,.0f}",
    }
    waits = lone_waits(bootstrap, lone)
    figures["lone event acknowledged, p50"] = f"{waits[len(waits) // 2]:.1f} ms"
    figures["lone event acknowledged, p99"] = f"{waits[len(waits) * 99 // 100]:.1f} ms"
    if broker is not None:
        figures["CPU at rest, one waiting consumer"] = f"{idle_load(bootstrap, plain, broker):.1f} %"
        figures["memory"] = f"{broker.memory_info().rss / 2**20:.0f} MB"
    return figures


def main() -> None:
    with embedded_kafka() as (bootstrap, broker):
        columns = {"embedded": measure(bootstrap, broker)}
    if peer := os.environ.get("LSX_KAFKA_BOOTSTRAP"):
        columns["real Kafka"] = measure(peer, None)
    table = Table("", *columns, title=f"{EVENTS:,} events of {len(EVENT)} B, fsync before each answer")
    for row in columns["embedded"]:
        table.add_row(row, *(figures.get(row, "-") for figures in columns.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
