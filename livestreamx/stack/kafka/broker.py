"""The broker process: opens the home, serves connections, commits, and looks after retention until told to stop."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from livestreamx.durable import DurabilityLostError
from livestreamx.stack.kafka.commit import GroupCommit
from livestreamx.stack.kafka.config import TopicConfig
from livestreamx.stack.kafka.connection import Connection
from livestreamx.stack.kafka.group_api import GroupApi
from livestreamx.stack.kafka.groups import Groups
from livestreamx.stack.kafka.records_api import RecordsApi
from livestreamx.stack.kafka.requests import Handlers
from livestreamx.stack.kafka.storage import Storage
from livestreamx.stack.kafka.topic_api import Node, TopicApi

_READ_AHEAD: Final = 4 << 20  # bytes of requests buffered for a connection before its socket is left to fill up


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one broker runs. Intervals are in seconds; port 0 picks a free one."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 9092
    advertised_host: str | None = None
    commit_interval: float = 0.005
    maintenance_interval: float = 10.0
    default_partitions: int = 1
    segment_bytes: int = 16 << 20


class Broker:
    """Serves one home; `run` returns after SIGTERM or SIGINT, with everything acknowledged on disk."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._connections: set[asyncio.Task[None]] = set()
        self._handlers: Handlers = {}
        self._stopped: asyncio.Future[None] | None = None

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Serve until stopped; `on_ready` gets "host:port" when clients may connect.

        Raises DurabilityLostError when an fsync failed: the process must end then, and recover at its next start.
        """
        settings = self._settings
        started = time.perf_counter()
        stopped = self._stopped = asyncio.get_running_loop().create_future()
        storage = Storage(settings.home, TopicConfig(segment_bytes=settings.segment_bytes))
        commit, groups = GroupCommit(settings.commit_interval), Groups()
        server = await asyncio.start_server(
            self._accept, settings.host, settings.port, limit=_READ_AHEAD, start_serving=False
        )
        port = server.sockets[0].getsockname()[1]
        node = Node(settings.advertised_host or settings.host, port, settings.default_partitions)
        for api in (RecordsApi(storage, commit), GroupApi(storage, commit, groups), TopicApi(storage, commit, node)):
            self._handlers |= api.handlers()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        await server.start_serving()
        structlog.get_logger().info(
            "kafka ready",
            topics=len(storage.topics),
            partitions=len(storage.partitions()),
            recovery_s=round(time.perf_counter() - started, 3),
        )
        on_ready(f"{node.host}:{port}")
        try:
            await self._serve_until(stopped, storage, commit, groups)
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            groups.close()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await commit.commit()
        storage.store_recovery_points()
        storage.close()

    async def _serve_until(
        self, stopped: asyncio.Future[None], storage: Storage, commit: GroupCommit, groups: Groups
    ) -> None:
        background = [
            asyncio.create_task(commit.run(), name="commit"),
            asyncio.create_task(self._maintain(storage, commit, groups), name="maintenance"),
        ]
        done, pending = await asyncio.wait([stopped, *background], return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(Connection(reader, writer, self._handlers).serve())
        self._connections.add(connection)
        connection.add_done_callback(self._forget)

    def _forget(self, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        error = None if connection.cancelled() else connection.exception()
        if error is None:
            return
        structlog.get_logger().error("connection closed: unexpected error", exc_info=error)
        if isinstance(error, BaseExceptionGroup) and error.subgroup(DurabilityLostError) is not None:
            self._stop(DurabilityLostError("a segment could not be synced"))

    def _stop(self, failure: Exception | None = None) -> None:
        """End `run`: by a signal, or because an fsync failed."""
        if self._stopped is None or self._stopped.done():
            return
        if failure is None:
            self._stopped.set_result(None)
        else:
            self._stopped.set_exception(failure)

    async def _maintain(self, storage: Storage, commit: GroupCommit, groups: Groups) -> None:
        """Now and then: retention, forgotten groups, compaction of offsets, recovery points."""
        while True:
            await asyncio.sleep(self._settings.maintenance_interval)
            async with commit.exclusive:
                try:
                    maintain(storage, groups, time.time_ns() // 1_000_000)
                except OSError as error:
                    structlog.get_logger().error("maintenance failed", reason=str(error))


def maintain(storage: Storage, groups: Groups, now_ms: int) -> None:
    """One round of upkeep. Never while an fsync is under way."""
    for topic in storage.topics.values():
        for number, partition in enumerate(topic.partitions):
            deleted = partition.apply_retention(now_ms)
            if deleted:
                structlog.get_logger().info(
                    "segments deleted",
                    topic=topic.name,
                    partition=number,
                    segments=deleted,
                    start=partition.start_offset,
                )
    groups.drop_empty()
    storage.offsets.expire(now_ms, groups.active_names())
    storage.offsets.compact_if_outdated()
    storage.store_recovery_points()
