"""Every client call that we make, against the embedded Kafka and, where LSX_KAFKA_BOOTSTRAP names one, a real one."""

import os
import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupState,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from tests.integration.kafka_process import Acknowledged, KafkaProcess, collect, consuming, eventually, make_producer

BROKERS = ["embedded"] + (["real"] if os.environ.get("LSX_KAFKA_BOOTSTRAP") else [])


@pytest.fixture(scope="module", params=BROKERS)
def bootstrap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "real":
        yield os.environ["LSX_KAFKA_BOOTSTRAP"]
        return
    with KafkaProcess(tmp_path_factory.mktemp("kafka") / "home").running() as kafka:
        yield kafka.bootstrap


@pytest.fixture(scope="module")
def admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap})


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4()}"


def make_topic(admin: AdminClient, partitions: int = 1, **config: str) -> str:
    name = f"topic-{uuid.uuid4()}"
    settings = {key.replace("_", "."): value for key, value in config.items()}
    admin.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(60)
    eventually(lambda: name in admin.list_topics(timeout=60).topics)
    return name


def send(bootstrap: str, topic: str, values: list[bytes], *, partition: int = 0, timestamp: int = 0) -> None:
    """Produce the values and wait until all are acknowledged."""
    producer, acknowledged = make_producer(bootstrap), Acknowledged()
    for value in values:
        producer.produce(topic, value, partition=partition, timestamp=timestamp, on_delivery=acknowledged)
    assert producer.flush(60) == 0
    assert len(acknowledged.messages) == len(values)


def error_code(failed: pytest.ExceptionInfo[KafkaException]) -> int:
    return int(failed.value.args[0].code())


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_come_back_as_they_were_sent(bootstrap: str, admin: AdminClient, group: str, compression: str) -> None:
    topic = make_topic(admin, partitions=3)
    producer, acknowledged = make_producer(bootstrap, **{"compression.type": compression}), Acknowledged()
    sent = {}
    for number in range(1000):
        key, value = b"key-%d" % (number % 7), b"value-%d" % number
        headers = [("request-id", b"%d" % number), ("empty", b"")]
        producer.produce(
            topic, value, key, headers=headers, timestamp=1_800_000_000_000 + number, callback=acknowledged
        )
        sent[value] = (key, headers, (1, 1_800_000_000_000 + number))
    assert producer.flush(60) == 0
    assert len(acknowledged.messages) == 1000
    with consuming(bootstrap, group) as consumer:
        consumer.subscribe([topic])
        received = collect(consumer, 1000)
    assert {message.value(): (message.key(), message.headers(), message.timestamp()) for message in received} == sent
    placed = {message.value(): (message.partition(), message.offset()) for message in acknowledged.messages}
    assert {message.value(): (message.partition(), message.offset()) for message in received} == placed
    by_key: dict[bytes, list[int]] = {}
    for message in received:
        by_key.setdefault(message.key(), []).append(int(message.value().removeprefix(b"value-")))
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_tombstones_and_null_keys(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    producer = make_producer(bootstrap)
    producer.produce(topic, None, b"key")
    producer.produce(topic, b"", None)
    assert producer.flush(60) == 0
    with consuming(bootstrap, group) as consumer:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        assert [(message.key(), message.value()) for message in collect(consumer, 2)] == [(b"key", None), (None, b"")]


def test_a_message_of_nearly_a_megabyte(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    values = [os.urandom(900_000) for _ in range(5)]
    send(bootstrap, topic, values)
    with consuming(bootstrap, group, **{"max.partition.fetch.bytes": 100_000}) as consumer:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        assert [message.value() for message in collect(consumer, 5)] == values


def test_too_large_a_batch_is_refused(bootstrap: str, admin: AdminClient) -> None:
    topic = make_topic(admin, max_message_bytes="1000")
    producer, acknowledged = make_producer(bootstrap), Acknowledged()
    producer.produce(topic, os.urandom(2000), on_delivery=acknowledged)
    assert producer.flush(60) == 0
    assert [error.code() for error in acknowledged.errors] == [KafkaError.MSG_SIZE_TOO_LARGE]


def test_assign_and_seek(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    send(bootstrap, topic, [b"%d" % number for number in range(100)])
    with consuming(bootstrap, group) as consumer:
        consumer.assign([TopicPartition(topic, 0, 90)])
        assert collect(consumer, 10)[0].value() == b"90"
        consumer.seek(TopicPartition(topic, 0, 42))
        assert collect(consumer, 1)[0].value() == b"42"
        assert consumer.position([TopicPartition(topic, 0)])[0].offset == 43


def test_an_offset_out_of_range_is_reset(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    send(bootstrap, topic, [b"first", b"second"])
    with consuming(bootstrap, group) as consumer:
        consumer.assign([TopicPartition(topic, 0, 1000)])
        assert collect(consumer, 1)[0].value() == b"first"


def test_commits_are_kept_and_continued_from(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin, partitions=2)
    send(bootstrap, topic, [b"%d" % number for number in range(20)])
    with consuming(bootstrap, group) as consumer:
        consumer.subscribe([topic])
        messages = collect(consumer, 20)
        consumer.commit(message=messages[11], asynchronous=False)
        committed = consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=60)
        assert [partition.offset for partition in committed] == [12, -1001]
    with consuming(bootstrap, group) as consumer:
        consumer.subscribe([topic])
        assert collect(consumer, 1)[0].value() == b"12"
        consumer.commit(offsets=[TopicPartition(topic, 0, 15, "a note")], asynchronous=False)
        assert consumer.committed([TopicPartition(topic, 0)], timeout=60)[0].metadata == "a note"


def test_watermarks_and_list_offsets(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    send(bootstrap, topic, [b"value"] * 7)
    partition = TopicPartition(topic, 0)
    with consuming(bootstrap, group) as consumer:
        assert consumer.get_watermark_offsets(partition, timeout=60) == (0, 7)
    for spec, offset in ((OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 7)):
        listed = admin.list_offsets({partition: spec}, isolation_level=IsolationLevel.READ_COMMITTED)
        assert listed[partition].result(60).offset == offset


def test_offsets_for_times(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    for minute in range(5):
        send(bootstrap, topic, [b"%d" % minute], timestamp=1_800_000_000_000 + minute * 60_000)
    with consuming(bootstrap, group) as consumer:
        for asked, offset in ((0, 0), (120_000, 2), (120_001, 3), (600_000, -1)):
            wanted = [TopicPartition(topic, 0, 1_800_000_000_000 + asked)]
            assert consumer.offsets_for_times(wanted, timeout=60)[0].offset == offset


def test_topics_are_listed_configured_grown_and_deleted(bootstrap: str, admin: AdminClient) -> None:
    topic = make_topic(admin, partitions=3, retention_ms="3600000")
    assert len(admin.list_topics(topic, timeout=60).topics[topic].partitions) == 3
    resource = ConfigResource(ResourceType.TOPIC, topic)
    assert describe(admin, topic)["retention.ms"] == "3600000"
    resource.add_incremental_config(ConfigEntry("retention.ms", "7200000", incremental_operation=AlterConfigOpType.SET))
    admin.incremental_alter_configs([resource])[resource].result(60)
    eventually(lambda: describe(admin, topic)["retention.ms"] == "7200000")
    assert describe(admin, topic)["cleanup.policy"] == "delete"
    admin.create_partitions([NewPartitions(topic, 5)])[topic].result(60)
    eventually(lambda: len(admin.list_topics(timeout=60).topics[topic].partitions) == 5)
    admin.delete_topics([topic])[topic].result(60)
    eventually(lambda: topic not in admin.list_topics(timeout=60).topics)


def describe(admin: AdminClient, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return {name: entry.value for name, entry in admin.describe_configs([resource])[resource].result(60).items()}


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        (NewTopic("no/slash", 1, 1), KafkaError.TOPIC_EXCEPTION),
        (NewTopic("..", 1, 1), KafkaError.TOPIC_EXCEPTION),
        (NewTopic("three-copies", 1, 3), KafkaError.INVALID_REPLICATION_FACTOR),
        (NewTopic("bad-value", 1, 1, config={"retention.ms": "soon"}), KafkaError.INVALID_CONFIG),
        (NewTopic("bad-name", 1, 1, config={"no.such.setting": "1"}), KafkaError.INVALID_CONFIG),
    ],
)
def test_topics_that_cannot_be_are_refused(admin: AdminClient, topic: NewTopic, code: int) -> None:
    with pytest.raises(KafkaException) as failed:
        admin.create_topics([topic])[topic.topic].result(60)
    assert error_code(failed) == code
    assert topic.topic not in admin.list_topics(timeout=60).topics


def test_a_topic_is_created_once(admin: AdminClient) -> None:
    topic = make_topic(admin)
    with pytest.raises(KafkaException) as failed:
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(60)
    assert error_code(failed) == KafkaError.TOPIC_ALREADY_EXISTS


def test_a_recreated_topic_starts_empty(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    send(bootstrap, topic, [b"old"])
    admin.delete_topics([topic])[topic].result(60)
    eventually(lambda: topic not in admin.list_topics(timeout=60).topics)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(60)
    with consuming(bootstrap, group) as consumer:
        eventually(lambda: consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=60) == (0, 0))


def test_two_members_share_and_hand_over(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin, partitions=4)
    with consuming(bootstrap, group) as one:
        one.subscribe([topic])
        settle([one], [4])
        with consuming(bootstrap, group) as other:
            other.subscribe([topic])
            settle([one, other], [2, 2])
            shares = [{partition.partition for partition in member.assignment()} for member in (one, other)]
            assert shares[0] | shares[1] == {0, 1, 2, 3}
            described = admin.describe_consumer_groups([group])[group].result(60)
            assert described.state == ConsumerGroupState.STABLE
            assert len(described.members) == 2
            assert all(len(member.assignment.topic_partitions) == 2 for member in described.members)
        settle([one], [4])


def settle(members: list[Consumer], shares: list[int], seconds: float = 60.0) -> None:
    """Poll the members until each has its share of partitions."""
    deadline = time.monotonic() + seconds
    while [len(member.assignment()) for member in members] != shares:
        assert time.monotonic() < deadline, [member.assignment() for member in members]
        for member in members:
            member.poll(0.02)


def test_groups_are_listed_and_deleted(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    with consuming(bootstrap, group) as consumer:
        consumer.subscribe([topic])
        settle([consumer], [1])
        consumer.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
        assert group in {listed.group_id for listed in admin.list_consumer_groups().result(60).valid}
        with pytest.raises(KafkaException) as failed:
            admin.delete_consumer_groups([group])[group].result(60)
        assert error_code(failed) == KafkaError.NON_EMPTY_GROUP
    admin.delete_consumer_groups([group])[group].result(60)
    assert group not in {listed.group_id for listed in admin.list_consumer_groups().result(60).valid}


def test_a_waiting_consumer_is_woken_by_a_record(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = make_topic(admin)
    with consuming(bootstrap, group, **{"fetch.wait.max.ms": 200_000, "socket.timeout.ms": 250_000}) as consumer:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        assert consumer.poll(0.5) is None
        send(bootstrap, topic, [b"wake"])
        assert collect(consumer, 1)[0].value() == b"wake", "long before the fetch is over by itself"


def test_an_unknown_topic_is_not_created_by_a_reader(bootstrap: str, admin: AdminClient, group: str) -> None:
    topic = f"missing-{uuid.uuid4()}"
    with consuming(bootstrap, group, **{"allow.auto.create.topics": False}) as consumer:
        consumer.subscribe([topic])
        message = consumer.poll(60)
        assert message is not None
        assert message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert topic not in admin.list_topics(timeout=60).topics
