"""Handlers of the calls that move records: Produce, Fetch (a long poll), ListOffsets, InitProducerId."""

import asyncio
from typing import Final, NamedTuple

import structlog

from livestreamx.stack.kafka.commit import GroupCommit
from livestreamx.stack.kafka.log import EARLIEST, LATEST, PartitionLog
from livestreamx.stack.kafka.protocol import ApiKey, ErrorCode, KafkaError
from livestreamx.stack.kafka.requests import Handlers, Reply, Request
from livestreamx.stack.kafka.storage import Storage
from livestreamx.stack.kafka.wire import Reader, Writer

MAX_FETCH_BYTES: Final = 50 << 20
MAX_FETCH_WAIT: Final = 60.0  # seconds
_EXPECTED_REFUSALS: Final = (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.OFFSET_OUT_OF_RANGE)


class _Produced(NamedTuple):
    partition: int
    error: ErrorCode
    base_offset: int
    start_offset: int


class _Wanted(NamedTuple):
    topic: str
    partition: int
    offset: int
    max_bytes: int


class _Fetched(NamedTuple):
    partition: int
    error: ErrorCode
    durable_offset: int
    start_offset: int
    records: bytes


class RecordsApi:
    """Produce to and fetch from the partition logs."""

    def __init__(self, storage: Storage, commit: GroupCommit) -> None:
        self._storage = storage
        self._commit = commit

    def handlers(self) -> Handlers:
        return {
            ApiKey.PRODUCE: self.produce,
            ApiKey.FETCH: self.fetch,
            ApiKey.LIST_OFFSETS: self.list_offsets,
            ApiKey.INIT_PRODUCER_ID: self.init_producer_id,
        }

    async def produce(self, request: Request) -> Reply | None:
        """Append at once; the answer waits for the group commit, whatever `acks` says, unless it is 0."""
        body = request.body
        body.nullable_string()  # transactional id
        acks = body.int16()
        body.int32()  # time-out

        def read_topic() -> tuple[str, list[_Produced]]:
            topic = body.string()
            return topic, body.array(lambda: self._append(topic, body.int32(), body.blob()))

        topics = body.array(read_topic)
        if acks == 0:
            return None
        reply = Writer()

        def write_partition(produced: _Produced) -> None:
            reply.int32(produced.partition).int16(produced.error).int64(produced.base_offset)
            reply.int64(-1)  # log append time
            if request.version >= 5:
                reply.int64(produced.start_offset)

        reply.array(topics, lambda topic: reply.string(topic[0]).array(topic[1], write_partition))
        reply.int32(0)  # throttle time
        return Reply(reply, durable=self._commit.request())

    def _append(self, topic: str, number: int, records: memoryview) -> _Produced:
        try:
            log = self._storage.partition(topic, number)
            base_offset = log.append(records)
        except KafkaError as error:
            if error.code not in _EXPECTED_REFUSALS:
                structlog.get_logger().warning("batch refused", topic=topic, partition=number, reason=str(error))
            return _Produced(number, error.code, -1, -1)
        except OSError as error:
            structlog.get_logger().error("append failed", topic=topic, partition=number, reason=str(error))
            return _Produced(number, ErrorCode.KAFKA_STORAGE_ERROR, -1, -1)
        self._commit.request(log)
        return _Produced(number, ErrorCode.NONE, base_offset, log.start_offset)

    async def fetch(self, request: Request) -> Reply:
        """Answer once `min_bytes` are there, an error is, or `max_wait` is over; woken by each group commit."""
        body = request.body
        body.int32()  # replica id
        max_wait = min(body.int32() / 1000, MAX_FETCH_WAIT)
        min_bytes, max_bytes = body.int32(), min(body.int32(), MAX_FETCH_BYTES)
        body.int8()  # isolation level: there are no transactions
        if request.version >= 7:
            body.int32(), body.int32()  # session id and epoch: every fetch is a full one
        wanted = [part for topic in body.array(lambda: _read_wanted(request.version, body)) for part in topic]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + max_wait
        while True:
            fetched = self._read_all(wanted, max_bytes)
            size = sum(len(part.records) for part in fetched)
            failed = any(part.error for part in fetched)
            if size >= min_bytes or failed or loop.time() >= deadline:
                return Reply(_fetch_reply(request.version, wanted, fetched))
            await self._wait_for_records(wanted, deadline)

    def _read_all(self, wanted: list[_Wanted], max_bytes: int) -> list[_Fetched]:
        fetched = []
        for part in wanted:
            result = self._read(part, max_bytes)
            max_bytes -= len(result.records)
            fetched.append(result)
        return fetched

    def _read(self, wanted: _Wanted, budget: int) -> _Fetched:
        log: PartitionLog | None = None
        try:
            log = self._storage.partition(wanted.topic, wanted.partition)
            records = log.read(wanted.offset, min(wanted.max_bytes, budget)) if budget > 0 else b""
            return _Fetched(wanted.partition, ErrorCode.NONE, log.durable_offset, log.start_offset, records)
        except KafkaError as error:
            code = error.code
        except OSError as error:
            structlog.get_logger().error("read failed", **wanted._asdict(), reason=str(error))
            code = ErrorCode.KAFKA_STORAGE_ERROR
        if log is None:
            return _Fetched(wanted.partition, code, -1, -1, b"")
        return _Fetched(wanted.partition, code, log.durable_offset, log.start_offset, b"")

    async def _wait_for_records(self, wanted: list[_Wanted], deadline: float) -> None:
        """Return when one of the logs has more, or at the deadline (loop time)."""
        news = asyncio.Event()
        logs = [self._storage.partition(part.topic, part.partition) for part in wanted]
        for log in logs:
            log.watch(news)
        try:
            async with asyncio.timeout_at(deadline):
                await news.wait()
        except TimeoutError:
            return
        finally:
            for log in logs:
                log.unwatch(news)

    async def list_offsets(self, request: Request) -> Reply:
        """Earliest, latest, or the first batch since a time: its first record may be older than asked for."""
        body = request.body
        body.int32()  # replica id
        if request.version >= 2:
            body.int8()  # isolation level
        topics = body.array(lambda: (body.string(), body.array(lambda: (body.int32(), body.int64()))))
        reply = Writer()
        if request.version >= 2:
            reply.int32(0)  # throttle time

        def write_partition(topic: str, number: int, timestamp: int) -> None:
            try:
                found, offset = self._find_offset(self._storage.partition(topic, number), timestamp)
                reply.int32(number).int16(ErrorCode.NONE).int64(found).int64(offset)
            except KafkaError as error:
                reply.int32(number).int16(error.code).int64(-1).int64(-1)

        def write_topic(topic: str, parts: list[tuple[int, int]]) -> None:
            reply.string(topic).array(parts, lambda part: write_partition(topic, *part))

        reply.array(topics, lambda topic: write_topic(*topic))
        return Reply(reply)

    def _find_offset(self, log: PartitionLog, timestamp: int) -> tuple[int, int]:
        """Timestamp (ms, -1 if it does not matter) and offset; offset -1 when nothing is that new."""
        if timestamp == LATEST:
            return -1, log.durable_offset
        if timestamp == EARLIEST:
            return -1, log.start_offset
        found = log.offset_since(timestamp)
        return (-1, -1) if found is None else (found[1], found[0])

    async def init_producer_id(self, request: Request) -> Reply:
        transactional_id = request.body.nullable_string()
        reply = Writer().int32(0)  # throttle time
        if transactional_id is not None:
            structlog.get_logger().warning("transactions are not supported", client=request.client_id)
            return Reply(reply.int16(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED).int64(-1).int16(-1))
        return Reply(reply.int16(ErrorCode.NONE).int64(self._storage.new_producer_id()).int16(0))


def _read_wanted(version: int, body: Reader) -> list[_Wanted]:
    topic = body.string()

    def read_partition() -> _Wanted:
        partition = body.int32()
        if version >= 9:
            body.int32()  # leader epoch
        offset = body.int64()
        if version >= 5:
            body.int64()  # log start offset of a follower
        return _Wanted(topic, partition, offset, body.int32())

    return body.array(read_partition)


def _fetch_reply(version: int, wanted: list[_Wanted], fetched: list[_Fetched]) -> Writer:
    reply = Writer().int32(0)  # throttle time
    if version >= 7:
        reply.int16(ErrorCode.NONE).int32(0)  # session id
    topics: dict[str, list[_Fetched]] = {}
    for part, result in zip(wanted, fetched, strict=True):
        topics.setdefault(part.topic, []).append(result)

    def write_partition(result: _Fetched) -> None:
        reply.int32(result.partition).int16(result.error).int64(result.durable_offset).int64(result.durable_offset)
        if version >= 5:
            reply.int64(result.start_offset)
        reply.int32(-1)  # aborted transactions
        if version >= 11:
            reply.int32(-1)  # preferred read replica
        reply.blob(result.records)

    return reply.array(topics.items(), lambda topic: reply.string(topic[0]).array(topic[1], write_partition))
