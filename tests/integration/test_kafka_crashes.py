"""The embedded Kafka when things go wrong: kill -9, restarts, retention under readers, broken bytes."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from livestreamx.stack.kafka.protocol import SUPPORTED_VERSIONS
from tests.integration.kafka_process import Acknowledged, KafkaProcess, collect, consuming, eventually, make_producer

PARTITIONS = 4


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def kafka(home: Path) -> Iterator[KafkaProcess]:
    with KafkaProcess(home).running() as process:
        yield process


def create(kafka: KafkaProcess, topic: str, partitions: int = 1, **config: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    settings = {key.replace("_", "."): value for key, value in config.items()}
    admin.create_topics([NewTopic(topic, partitions, 1, config=settings)])[topic].result(60)


def read_all(kafka: KafkaProcess, topic: str, count: int, partitions: int = 1) -> list[Message]:
    with consuming(kafka.bootstrap, "reader") as consumer:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(partitions)])
        messages = collect(consumer, count)
        assert consumer.poll(0.3) is None, "more than was sent"
        return messages


def produce_numbers(producer: Producer, topic: str, numbers: range, acknowledged: Acknowledged) -> None:
    for number in numbers:
        while True:
            try:
                producer.produce(topic, b"%d" % number, partition=number % PARTITIONS, on_delivery=acknowledged)
                break
            except BufferError:
                producer.poll(0.05)
        if number % 100 == 0:
            producer.poll(0)


def test_kill_loses_doubles_and_reorders_nothing(kafka: KafkaProcess) -> None:
    create(kafka, "numbers", PARTITIONS)
    producer, acknowledged = make_producer(kafka.bootstrap, **{"message.timeout.ms": 120_000}), Acknowledged()
    total, kills = 40_000, 4
    for part in range(kills):
        numbers = range(part * total // kills, (part + 1) * total // kills)
        produce_numbers(producer, "numbers", numbers, acknowledged)
        before = len(acknowledged.messages)
        eventually(lambda before=before: producer.poll(0.001) >= 0 and len(acknowledged.messages) > before)
        kafka.kill()
        kafka.start()
    assert producer.flush(60) == 0
    assert not acknowledged.errors
    assert len(acknowledged.messages) == total
    messages = read_all(kafka, "numbers", total, PARTITIONS)
    for partition in range(PARTITIONS):
        kept = [int(message.value()) for message in messages if message.partition() == partition]
        assert kept == list(range(partition, total, PARTITIONS))
    placed = {(message.partition(), message.offset()): message.value() for message in acknowledged.messages}
    assert placed == {(message.partition(), message.offset()): message.value() for message in messages}


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_keeps_records_offsets_and_producers(kafka: KafkaProcess, how: str) -> None:
    create(kafka, "chat")
    producer = make_producer(kafka.bootstrap)
    for number in range(100):
        producer.produce("chat", b"%d" % number)
    assert producer.flush(60) == 0
    with consuming(kafka.bootstrap, "archive") as consumer:
        consumer.subscribe(["chat"])
        collect(consumer, 60)
        consumer.commit(offsets=[TopicPartition("chat", 0, 60)], asynchronous=False)
    if how == "stop":
        assert kafka.stop() == 0
    else:
        kafka.kill()
    kafka.start()
    acknowledged = Acknowledged()
    producer.produce("chat", b"100", on_delivery=acknowledged)
    assert producer.flush(60) == 0
    assert [message.offset() for message in acknowledged.messages] == [100]
    with consuming(kafka.bootstrap, "archive") as consumer:
        consumer.subscribe(["chat"])
        assert [int(message.value()) for message in collect(consumer, 41)] == list(range(60, 101))
    assert [int(message.value()) for message in read_all(kafka, "chat", 101)] == list(range(101))


def test_a_group_goes_on_after_the_broker_was_killed(kafka: KafkaProcess) -> None:
    create(kafka, "chat")
    producer = make_producer(kafka.bootstrap)
    producer.produce("chat", b"before")
    assert producer.flush(60) == 0
    with consuming(kafka.bootstrap, "archive", **{"heartbeat.interval.ms": 200}) as consumer:
        consumer.subscribe(["chat"])
        assert collect(consumer, 1)[0].value() == b"before"
        consumer.commit(asynchronous=False)
        kafka.kill()
        kafka.start()
        producer.produce("chat", b"after")
        assert producer.flush(60) == 0
        values = []
        eventually(lambda: values.extend(_values(consumer.consume(10, 0.1))) or b"after" in values)
        eventually(lambda: _commits(consumer))
        assert consumer.committed([TopicPartition("chat", 0)], timeout=60)[0].offset == 2


def _values(messages: list[Message]) -> list[bytes]:
    return [message.value() for message in messages if message.error() is None]


def _commits(consumer: Consumer) -> bool:
    try:
        consumer.commit(asynchronous=False)
    except KafkaException:
        consumer.poll(0.05)
        return False
    return True


def test_a_torn_tail_is_cut_and_the_log_goes_on(kafka: KafkaProcess, home: Path) -> None:
    create(kafka, "chat")
    producer = make_producer(kafka.bootstrap)
    for number in range(50):
        producer.produce("chat", b"%d" % number)
        assert producer.flush(60) == 0
    kafka.kill()
    segment = next((home / "topics" / "chat" / "0").glob("*.log"))
    segment.write_bytes(segment.read_bytes() + b"\0\0\0\0\0\0\0\x32\0\0\1\0torn")
    kafka.start()
    producer.produce("chat", b"50")
    assert producer.flush(60) == 0
    assert [int(message.value()) for message in read_all(kafka, "chat", 51)] == list(range(51))


def test_retention_drops_segments_and_readers_go_on(home: Path) -> None:
    with KafkaProcess(home, "--maintenance-s", "0.1").running() as kafka:
        create(kafka, "chat", segment_bytes="4096", retention_bytes="20000")
        producer = make_producer(kafka.bootstrap, **{"linger.ms": 0})
        partition = TopicPartition("chat", 0)
        with consuming(kafka.bootstrap, "slow") as slow, consuming(kafka.bootstrap, "watcher") as watcher:
            slow.assign([TopicPartition("chat", 0, OFFSET_BEGINNING)])
            for number in range(300):
                producer.produce("chat", b"%d" % number, headers={"padding": bytes(1000)})
                assert producer.flush(60) == 0
            eventually(lambda: watcher.get_watermark_offsets(partition, timeout=60)[0] > 200)
            received = []
            eventually(lambda: received.extend(map(int, _values(slow.consume(50, 0.1)))) or 299 in received)
            assert received == sorted(set(received))
            eventually(lambda: len(list((home / "topics" / "chat" / "0").glob("*.log"))) <= 8)
            with consuming(kafka.bootstrap, "late") as late:
                late.assign([TopicPartition("chat", 0, OFFSET_BEGINNING)])
                first = collect(late, 1)[0]
            assert int(first.value() or b"") == first.offset()
            oldest, newest = watcher.get_watermark_offsets(partition, timeout=60)
            assert first.offset() <= oldest < newest == 300
        kafka.kill()
        kafka.start()
        with consuming(kafka.bootstrap, "watcher") as watcher:
            again, newest = watcher.get_watermark_offsets(partition, timeout=60)
            assert oldest <= again < newest == 300


def test_old_records_go_by_age(home: Path) -> None:
    with KafkaProcess(home, "--maintenance-s", "0.1").running() as kafka:
        create(kafka, "chat", retention_ms="60000")
        producer = make_producer(kafka.bootstrap)
        producer.produce("chat", b"old", timestamp=int(time.time() * 1000) - 120_000)
        assert producer.flush(60) == 0
        with consuming(kafka.bootstrap, "reader") as consumer:
            eventually(lambda: consumer.get_watermark_offsets(TopicPartition("chat", 0), timeout=60) == (1, 1))
            producer.produce("chat", b"new")
            assert producer.flush(60) == 0
            consumer.assign([TopicPartition("chat", 0, OFFSET_BEGINNING)])
            assert collect(consumer, 1)[0].value() == b"new"


def request(key: int, version: int, body: bytes = b"") -> bytes:
    header = struct.pack(">hhih", key, version, 1, -1) + body
    return struct.pack(">i", len(header)) + header


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "allowed are"),
        (struct.pack(">i", -5), "allowed are"),
        (struct.pack(">i", 2**31 - 1), "allowed are"),
        (request(999, 0), "unknown API key"),
        (request(3, 99), "METADATA version 99"),
        (request(3, 4, struct.pack(">i", 2**31 - 1)), "array of"),
        (request(3, 4, struct.pack(">ih", 1, 500)), "ends"),
        (request(3, 4, struct.pack(">ih", 1, 2) + b"\xff\xff"), "not UTF-8"),
        (request(0, 7, struct.pack(">hhiih", -1, -1, 1000, 1, 500)), "ends"),
        (request(1, 11, bytes(5)), "ends"),
        (request(11, 2, bytes(3)), "ends"),
    ],
)
def test_garbage_closes_its_connection_and_nothing_else(shared: KafkaProcess, garbage: bytes, reason: str) -> None:
    host, port = shared.bootstrap.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as sock:
        sock.sendall(garbage)
        with suppress(ConnectionResetError):
            assert sock.recv(1) == b""
    eventually(lambda: reason in shared.log_path.read_text())
    assert AdminClient({"bootstrap.servers": shared.bootstrap}).list_topics(timeout=60).brokers


def random_field(random: Random) -> bytes:
    """A piece of a request: an integer at its limits, a plausible or absurd string, an array of one, or noise."""
    text = random.choice([b"chat", b"", b"a/b", b"retention.ms", b"-5", b"9" * 30])
    return random.choice(
        [
            struct.pack(">i", random.choice([0, 1, 2, -1, -2, 2**31 - 1, -(2**31)])),
            struct.pack(">q", random.choice([0, -1, -2, 2**63 - 1, -(2**63)])),
            struct.pack(">h", len(text)) + text,
            struct.pack(">ih", 1, len(text)) + text,
            random.randbytes(random.randint(1, 8)),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_random_requests_never_break_the_broker(shared: KafkaProcess, seed: int) -> None:
    """What a handler did not foresee would be logged with its traceback, for which `shared` looks at the end."""
    random = Random(seed)
    host, port = shared.bootstrap.split(":")
    for _ in range(400):
        key, (_, newest) = random.choice(list(SUPPORTED_VERSIONS.items()))
        body = b"".join(random_field(random) for _ in range(random.randint(0, 14)))
        with socket.create_connection((host, int(port)), timeout=60) as sock, suppress(OSError):
            sock.settimeout(0.05)
            sock.sendall(request(key, newest, body))
            sock.recv(1)
    assert AdminClient({"bootstrap.servers": shared.bootstrap}).list_topics(timeout=60).brokers


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaProcess]:
    with KafkaProcess(tmp_path_factory.mktemp("kafka") / "home").running() as process:
        yield process
        assert process.stop() == 0
        assert "Traceback" not in process.log_path.read_text()


def test_transactions_are_refused_at_once(shared: KafkaProcess) -> None:
    producer = Producer({"bootstrap.servers": shared.bootstrap, "transactional.id": "payments"})
    with pytest.raises(KafkaException):
        producer.init_transactions(60)


def test_one_broker_a_home(kafka: KafkaProcess, home: Path) -> None:
    second = KafkaProcess(home)
    with pytest.raises(RuntimeError, match="another broker"), second.running():
        pass
    assert AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=60).brokers
