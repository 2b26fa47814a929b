"""Handlers of the calls about the cluster and its topics: describe, create, delete, grow, configure."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import structlog

from livestreamx.stack.kafka.commit import GroupCommit
from livestreamx.stack.kafka.protocol import ApiKey, ErrorCode, KafkaError
from livestreamx.stack.kafka.requests import Handlers, Reply, Request
from livestreamx.stack.kafka.storage import MAX_PARTITIONS, Storage
from livestreamx.stack.kafka.wire import Reader, Writer

NODE_ID: Final = 0
_TOPIC_RESOURCE: Final = 2
_SOURCE_TOPIC: Final = 1
_SOURCE_DEFAULT: Final = 5
_SET, _DELETE = 0, 1  # operations of IncrementalAlterConfigs
_TRANSACTION_COORDINATOR: Final = 1
_DETAIL_LENGTH: Final = 500


class Node(NamedTuple):
    """The broker's address as clients shall use it, and how many partitions a topic has when nobody says."""

    host: str
    port: int
    default_partitions: int


class _NewTopic(NamedTuple):
    name: str
    partitions: int
    replication_factor: int
    assignments: list[int]
    settings: dict[str, str | None]


class TopicApi:
    """Describes and changes the cluster of one node."""

    def __init__(self, storage: Storage, commit: GroupCommit, node: Node) -> None:
        self._storage = storage
        self._commit = commit
        self._node = node

    def handlers(self) -> Handlers:
        return {
            ApiKey.METADATA: self.metadata,
            ApiKey.FIND_COORDINATOR: self.find_coordinator,
            ApiKey.CREATE_TOPICS: self.create_topics,
            ApiKey.DELETE_TOPICS: self.delete_topics,
            ApiKey.CREATE_PARTITIONS: self.create_partitions,
            ApiKey.DESCRIBE_CONFIGS: self.describe_configs,
            ApiKey.INCREMENTAL_ALTER_CONFIGS: self.alter_configs,
        }

    async def metadata(self, request: Request) -> Reply:
        """Topics asked for, or all; a missing one is created if the client allows it."""
        body = request.body
        asked = body.nullable_array(body.string)
        may_create = body.boolean() if request.version >= 4 else True
        names = list(self._storage.topics) if asked is None else asked
        errors = {name: self._find_or_create(name, may_create) for name in names}
        reply = Writer()
        if request.version >= 3:
            reply.int32(0)  # throttle time
        reply.int32(1).int32(NODE_ID).string(self._node.host).int32(self._node.port).string(None)  # one broker, no rack
        if request.version >= 2:
            reply.string(self._storage.cluster_id)
        reply.int32(NODE_ID)  # controller

        def write_partition(number: int) -> None:
            reply.int16(ErrorCode.NONE).int32(number).int32(NODE_ID)
            reply.array([NODE_ID], reply.int32).array([NODE_ID], reply.int32)  # replicas, in sync

        def write_topic(name: str) -> None:
            count = 0 if errors[name] else len(self._storage.topics[name].partitions)
            reply.int16(errors[name]).string(name).boolean(False).array(range(count), write_partition)

        return Reply(reply.array(names, write_topic))

    def _find_or_create(self, name: str, may_create: bool) -> ErrorCode:
        if name in self._storage.topics:
            return ErrorCode.NONE
        if not may_create:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return self._attempt(
            lambda: self._storage.create_topic(name, self._node.default_partitions, {}), "create", name
        )[0]

    async def find_coordinator(self, request: Request) -> Reply:
        body = request.body
        body.string()  # group
        key_type = body.int8() if request.version >= 1 else 0
        reply = Writer()
        refused = key_type == _TRANSACTION_COORDINATOR
        error = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED if refused else ErrorCode.NONE
        if request.version >= 1:
            reply.int32(0)  # throttle time
        reply.int16(error)
        if request.version >= 1:
            reply.string("transactions are not supported" if refused else None)
        return Reply(reply.int32(NODE_ID).string(self._node.host).int32(self._node.port))

    async def create_topics(self, request: Request) -> Reply:
        body = request.body
        topics = body.array(lambda: _read_new_topic(body))
        body.int32()  # time-out
        validate_only = body.boolean() if request.version >= 1 else False
        results = [(topic.name, *self._create(topic, validate_only)) for topic in topics]
        reply = Writer()
        if request.version >= 2:
            reply.int32(0)  # throttle time

        def write_result(name: str, error: ErrorCode, detail: str | None) -> None:
            reply.string(name).int16(error)
            if request.version >= 1:
                reply.string(detail)

        return Reply(reply.array(results, lambda result: write_result(*result)))

    def _create(self, topic: _NewTopic, validate_only: bool) -> tuple[ErrorCode, str | None]:
        partitions = topic.partitions
        if topic.assignments:
            partitions = len(topic.assignments)
        elif partitions == -1:
            partitions = self._node.default_partitions

        def create() -> None:
            if topic.replication_factor not in (-1, 1):
                raise KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, "there is one broker")
            if validate_only:
                self._storage.check_new_topic(topic.name, partitions, topic.settings)
            else:
                self._storage.create_topic(topic.name, partitions, topic.settings)

        return self._attempt(create, "create", topic.name)

    async def delete_topics(self, request: Request) -> Reply:
        names = request.body.array(request.body.string)
        request.body.int32()  # time-out
        async with self._commit.exclusive:
            results = [
                (name, self._attempt(partial(self._storage.delete_topic, name), "delete", name)) for name in names
            ]
        reply = Writer()
        if request.version >= 1:
            reply.int32(0)  # throttle time
        reply.array(results, lambda result: reply.string(result[0]).int16(result[1][0]))
        return Reply(reply, durable=self._commit.request(self._storage.offsets))

    async def create_partitions(self, request: Request) -> Reply:
        body = request.body

        def read_topic() -> tuple[str, int]:
            name, count = body.string(), body.int32()
            body.nullable_array(lambda: body.array(body.int32))  # replica assignments
            return name, count

        topics = body.array(read_topic)
        body.int32()  # time-out
        validate_only = body.boolean()
        results = [(name, *self._grow(name, count, validate_only)) for name, count in topics]
        reply = Writer().int32(0)  # throttle time
        return Reply(reply.array(results, lambda done: reply.string(done[0]).int16(done[1]).string(done[2])))

    def _grow(self, name: str, partitions: int, validate_only: bool) -> tuple[ErrorCode, str | None]:
        def grow() -> None:
            self._storage.partition(name, 0)
            topic = self._storage.topics[name]
            if not len(topic.partitions) < partitions <= MAX_PARTITIONS:
                raise KafkaError(ErrorCode.INVALID_PARTITIONS, f"{name} has {len(topic.partitions)} partitions")
            if not validate_only:
                topic.grow(partitions)

        return self._attempt(grow, "grow", name)

    async def describe_configs(self, request: Request) -> Reply:
        body = request.body
        resources = body.array(lambda: (body.int8(), body.string(), body.nullable_array(body.string)))
        reply = Writer().int32(0)  # throttle time

        def write_setting(name: str, value: str, is_default: bool) -> None:
            reply.string(name).string(value).boolean(False)
            if request.version >= 1:
                reply.int8(_SOURCE_DEFAULT if is_default else _SOURCE_TOPIC)
            else:
                reply.boolean(is_default)
            reply.boolean(False)  # sensitive
            if request.version >= 1:
                reply.int32(0)  # synonyms

        def write_resource(kind: int, name: str, wanted: list[str] | None) -> None:
            topic = self._storage.topics.get(name) if kind == _TOPIC_RESOURCE else None
            error = ErrorCode.NONE
            if topic is None:
                error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if kind == _TOPIC_RESOURCE else ErrorCode.INVALID_REQUEST
            settings = [] if topic is None else list(topic.config.described())
            shown = [setting for setting in settings if wanted is None or setting[0] in wanted]
            reply.int16(error).string(None).int8(kind).string(name)
            reply.array(shown, lambda setting: write_setting(*setting))

        return Reply(reply.array(resources, lambda resource: write_resource(*resource)))

    async def alter_configs(self, request: Request) -> Reply:
        body = request.body

        def read_change() -> tuple[str, int, str | None]:
            return body.string(), body.int8(), body.nullable_string()

        resources = body.array(lambda: (body.int8(), body.string(), body.array(read_change)))
        validate_only = body.boolean()
        results = [
            (kind, name, *self._attempt(partial(self._alter, kind, name, changes, validate_only), "configure", name))
            for kind, name, changes in resources
        ]
        reply = Writer().int32(0)  # throttle time
        reply.array(results, lambda done: reply.int16(done[2]).string(done[3]).int8(done[0]).string(done[1]))
        return Reply(reply)

    def _alter(self, kind: int, name: str, changes: list[tuple[str, int, str | None]], validate_only: bool) -> None:
        if kind != _TOPIC_RESOURCE:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "only topics are configurable")
        if any(operation not in (_SET, _DELETE) for _, operation, _ in changes):
            raise KafkaError(ErrorCode.INVALID_REQUEST, "settings can be set and deleted")
        self._storage.partition(name, 0)
        topic = self._storage.topics[name]
        settings = {setting: value if operation == _SET else None for setting, operation, value in changes}
        config = topic.config.with_settings(settings)
        if not validate_only:
            topic.configure(config)

    def _attempt(self, change: Callable[[], object], verb: str, name: str) -> tuple[ErrorCode, str | None]:
        """Run a change; its refusal or failure as the code and the detail to answer."""
        log = structlog.get_logger().bind(topic=name, change=verb)
        try:
            change()
        except KafkaError as error:
            log.info("topic change refused", reason=str(error))
            return error.code, str(error)[:_DETAIL_LENGTH]
        except OSError as error:
            log.error("topic change failed", reason=str(error))
            return ErrorCode.KAFKA_STORAGE_ERROR, str(error)[:_DETAIL_LENGTH]
        log.info("topic changed")
        return ErrorCode.NONE, None


def _read_new_topic(body: Reader) -> _NewTopic:
    name, partitions, replication_factor = body.string(), body.int32(), body.int16()

    def read_assignment() -> int:
        number = body.int32()
        body.array(body.int32)  # brokers
        return number

    assignments = body.array(read_assignment)
    settings = dict(body.array(lambda: (body.string(), body.nullable_string())))
    return _NewTopic(name, partitions, replication_factor, assignments, settings)
