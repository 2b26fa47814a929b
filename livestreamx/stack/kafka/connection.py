"""One client's connection: frames in, handlers called in order, answers out in the same order.

Answers that wait for an fsync do not stop the next request from being read: that is what fills a group commit.
"""

import asyncio
import struct
from typing import Final

import structlog

from livestreamx.stack.kafka.protocol import SUPPORTED_VERSIONS, ApiKey, ErrorCode
from livestreamx.stack.kafka.requests import Handlers, Reply, Request
from livestreamx.stack.kafka.wire import ProtocolError, Reader, Writer

MAX_REQUEST_BYTES: Final = 100 << 20
_PIPELINED_ANSWERS: Final = 64
_CLIENT_ID_LENGTH: Final = 200  # characters kept: member ids contain it
_LENGTH: Final = struct.Struct(">i")

Answers = asyncio.Queue[tuple[int, Reply] | None]


class Connection:
    """Serves one socket until the client goes away or sends what is not Kafka."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Handlers) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        peer = writer.get_extra_info("peername")
        self._host = f"/{peer[0]}" if peer else "/"
        self._log = structlog.get_logger().bind(peer=f"{peer[0]}:{peer[1]}" if peer else "unknown")
        self._answers: Answers = asyncio.Queue(maxsize=_PIPELINED_ANSWERS)

    async def serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send_answers())
                try:
                    await self._read_requests()
                finally:
                    sender.cancel()
        except* (asyncio.IncompleteReadError, ConnectionError):
            self._log.debug("client went away")
        except* ProtocolError as errors:
            self._log.warning("connection closed: not a valid request", reason=str(errors.exceptions[0]))
        except* OSError as errors:
            self._log.error("connection closed: request failed", reason=str(errors.exceptions[0]))
        finally:
            self._writer.transport.abort()

    async def _read_requests(self) -> None:
        while True:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            if not 8 <= length <= MAX_REQUEST_BYTES:
                raise ProtocolError(f"request of {length} bytes, allowed are 8..{MAX_REQUEST_BYTES}")
            body = Reader(memoryview(await self._reader.readexactly(length)))
            key, version, correlation_id = body.int16(), body.int16(), body.int32()
            reply = await self._handle(key, version, body)
            if reply is not None:
                await self._answers.put((correlation_id, reply))

    async def _handle(self, key: int, version: int, body: Reader) -> Reply | None:
        if key == ApiKey.API_VERSIONS:
            return Reply(_api_versions(version))
        try:
            api = ApiKey(key)
        except ValueError as error:
            raise ProtocolError(f"unknown API key {key}") from error
        oldest, newest = SUPPORTED_VERSIONS[api]
        if not oldest <= version <= newest:
            raise ProtocolError(f"{api.name} version {version}, served are {oldest}..{newest}")
        client_id = (body.nullable_string() or "")[:_CLIENT_ID_LENGTH]
        return await self._handlers[api](Request(version, body, client_id, self._host))

    async def _send_answers(self) -> None:
        while (answer := await self._answers.get()) is not None:
            correlation_id, reply = answer
            if reply.durable is not None:
                await reply.durable.wait()
            chunks = reply.body.chunks
            length = _LENGTH.size + sum(map(len, chunks))
            self._writer.writelines([_LENGTH.pack(length), _LENGTH.pack(correlation_id), *chunks])
            await self._writer.drain()


def _api_versions(version: int) -> Writer:
    """Ranges that we serve. A version we do not know is answered as version 0, so that the client asks again."""
    known = version <= SUPPORTED_VERSIONS[ApiKey.API_VERSIONS][1]
    reply = Writer().int16(ErrorCode.NONE if known else ErrorCode.UNSUPPORTED_VERSION)
    reply.array(SUPPORTED_VERSIONS.items(), lambda entry: reply.int16(entry[0]).int16(entry[1][0]).int16(entry[1][1]))
    if known and version >= 1:
        reply.int32(0)  # throttle time
    return reply
