"""Everything the broker keeps on disk below its home: topics, committed offsets, producer ids, recovery points.

home/lock, cluster-id, producer-ids, offsets.jsonl, recovery.json, topics/<name>/{topic.json,<partition>/*}
"""

import fcntl
import os
import re
import shutil
import uuid
from pathlib import Path
from typing import Final

import msgspec

from livestreamx.durable import sync_folder, write_durably
from livestreamx.stack.kafka.config import TopicConfig
from livestreamx.stack.kafka.log import PartitionLog, RecoveryPoint
from livestreamx.stack.kafka.offsets import CommittedOffsets
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError

MAX_PARTITIONS: Final = 1024
_TOPIC_NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_PRODUCER_ID_BLOCK: Final = 1000


class HomeInUseError(Exception):
    """Another broker owns this home."""


class _TopicFile(msgspec.Struct, frozen=True):
    id: str
    partitions: int
    config: TopicConfig


class Topic:
    """A topic's partitions in order; its identity survives neither deletion nor re-creation under the same name."""

    def __init__(self, folder: Path, recovery_points: dict[str, RecoveryPoint]) -> None:
        self.folder = folder
        self.name = folder.name
        stored = msgspec.json.decode((folder / "topic.json").read_bytes(), type=_TopicFile)
        self.id = stored.id
        self.config = stored.config
        self.partitions = [
            PartitionLog(folder / str(number), stored.config, recovery_points.get(f"{stored.id}/{number}"))
            for number in range(stored.partitions)
        ]

    def configure(self, config: TopicConfig) -> None:
        self._store(len(self.partitions), config)
        self.config = config
        for partition in self.partitions:
            partition.config = config

    def grow(self, partitions: int) -> None:
        """Add empty partitions up to this number."""
        for number in range(len(self.partitions), partitions):
            (self.folder / str(number)).mkdir(exist_ok=True)
        sync_folder(self.folder)
        self._store(partitions, self.config)
        for number in range(len(self.partitions), partitions):
            self.partitions.append(PartitionLog(self.folder / str(number), self.config))

    def _store(self, partitions: int, config: TopicConfig) -> None:
        stored = _TopicFile(id=self.id, partitions=partitions, config=config)
        write_durably(self.folder / "topic.json", msgspec.json.encode(stored))


class Storage:
    """Opens and recovers a home; `offsets` and `topics` are read by the request handlers."""

    def __init__(self, home: Path, default_config: TopicConfig) -> None:
        self._home = home
        self._default_config = default_config
        self._topics_folder = home / "topics"
        self._staging = home / "staging"
        for folder in (home, self._topics_folder, self._staging):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._take_lock()
        self._empty_staging()
        self.cluster_id = self._read_cluster_id()
        self.offsets = CommittedOffsets(home / "offsets.jsonl")
        self._stored_points = self._read_recovery_points()
        folders = sorted(self._topics_folder.iterdir())
        self.topics = {folder.name: Topic(folder, self._stored_points) for folder in folders}
        self._next_producer_id = self._producer_ids_end = self._read_producer_ids_end()

    def partition(self, topic: str, number: int) -> PartitionLog:
        """Raises KafkaError(UNKNOWN_TOPIC_OR_PARTITION)."""
        found = self.topics.get(topic)
        if found is None or not 0 <= number < len(found.partitions):
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"{topic}[{number}]")
        return found.partitions[number]

    def partitions(self) -> list[PartitionLog]:
        return [partition for topic in self.topics.values() for partition in topic.partitions]

    def check_new_topic(self, name: str, partitions: int, settings: dict[str, str | None]) -> TopicConfig:
        """The topic's config if it may be created; raises KafkaError with the reason why not."""
        if _TOPIC_NAME.fullmatch(name) is None or name in (".", ".."):
            raise KafkaError(ErrorCode.INVALID_TOPIC, f"{name!r}: 1-249 letters, digits, '.', '_', '-'")
        if name in self.topics:
            raise KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, name)
        if not 1 <= partitions <= MAX_PARTITIONS:
            raise KafkaError(ErrorCode.INVALID_PARTITIONS, f"{partitions} is not in 1..{MAX_PARTITIONS}")
        return self._default_config.with_settings(settings)

    def create_topic(self, name: str, partitions: int, settings: dict[str, str | None]) -> Topic:
        """Create a topic, durably and as a whole; raises KafkaError with the reason why not."""
        config = self.check_new_topic(name, partitions, settings)
        aside = self._staging / str(uuid.uuid4())
        aside.mkdir()
        for number in range(partitions):
            (aside / str(number)).mkdir()
        stored = _TopicFile(id=aside.name, partitions=partitions, config=config)
        write_durably(aside / "topic.json", msgspec.json.encode(stored))
        folder = self._topics_folder / name
        aside.rename(folder)
        sync_folder(self._topics_folder)
        topic = self.topics[name] = Topic(folder, {})
        return topic

    def delete_topic(self, name: str) -> None:
        """Remove a topic with its records and committed offsets. Never while an fsync is under way."""
        topic = self.topics.pop(name, None)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name)
        for partition in topic.partitions:
            partition.close()
        topic.folder.rename(self._staging / topic.id)
        sync_folder(self._topics_folder)
        self.offsets.forget_topic(name)
        self._empty_staging()

    def new_producer_id(self) -> int:
        """An id that was never given out before, not even by an earlier run."""
        if self._next_producer_id == self._producer_ids_end:
            self._producer_ids_end += _PRODUCER_ID_BLOCK
            write_durably(self._home / "producer-ids", str(self._producer_ids_end).encode())
        self._next_producer_id += 1
        return self._next_producer_id

    def store_recovery_points(self) -> None:
        """Note how much is known to be on disk, so that the next start verifies only what came later."""
        points = {
            f"{topic.id}/{number}": partition.recovery_point()
            for topic in self.topics.values()
            for number, partition in enumerate(topic.partitions)
        }
        if points != self._stored_points:
            write_durably(self._home / "recovery.json", msgspec.json.encode(points))
            self._stored_points = points

    def close(self) -> None:
        for partition in self.partitions():
            partition.close()
        self.offsets.close()
        os.close(self._lock)

    def _take_lock(self) -> int:
        descriptor = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise HomeInUseError(f"another broker runs in {self._home}") from error
        return descriptor

    def _empty_staging(self) -> None:
        for leftover in self._staging.iterdir():
            shutil.rmtree(leftover)

    def _read_cluster_id(self) -> str:
        path = self._home / "cluster-id"
        if not path.exists():
            write_durably(path, uuid.uuid4().hex[:22].encode())
        return path.read_text()

    def _read_recovery_points(self) -> dict[str, RecoveryPoint]:
        try:
            content = (self._home / "recovery.json").read_bytes()
        except FileNotFoundError:
            return {}
        return msgspec.json.decode(content, type=dict[str, RecoveryPoint])

    def _read_producer_ids_end(self) -> int:
        try:
            return int((self._home / "producer-ids").read_text())
        except FileNotFoundError:
            return 0
