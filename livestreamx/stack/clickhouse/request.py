"""What a client of ClickHouse's HTTP interface asks for: its parameters, its body and the kind of its statement."""

import io
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import lz4.frame
import msgspec
import multipart
from backports import zstd

from livestreamx.stack.clickhouse.engine import QueryError

Receive = Callable[[], Awaitable[Any]]

LONGEST_STATEMENT = 64 << 20
LONGEST_INSERT_HEAD = 1 << 20
TRANSPORT = frozenset(
    "query database user password role quota_key session_id session_timeout session_check query_id default_format "
    "client_protocol_version wait_end_of_query buffer_size compress decompress enable_http_compression "
    "send_progress_in_http_headers http_headers_progress_interval_ms cancel_http_readonly_queries_on_client_close "
    "database_replicated_enforce_synchronous_settings".split()
)
"""Parameters that the transport keeps to itself; every other one is a setting of the query."""

QUOTED = rb"`(?:[^`\\]|\\.)+`|\"(?:[^\"\\]|\\.)+\""
NAME = rb"(?:" + QUOTED + rb"|\w+)"
INSERT = re.compile(
    rb"\s*(INSERT\s+INTO\s+(?:TABLE\s+)?" + NAME + rb"(?:\s*\.\s*" + NAME + rb")?"
    rb"\s*(?:\((?:" + QUOTED + rb"|[^()`\"])*\))?(?:\s*SETTINGS\s[^\n]*?)?)\s*FORMAT\s+(\w+)[ \t]*",
    re.IGNORECASE,
)
"""An insert whose rows follow in the format named last; what `VALUES` or `SELECT` feeds is an ordinary statement."""


class Disconnected(Exception):
    """The client went away before its body was whole."""


class Decompressor(Protocol):
    """What the decompressors of all encodings have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, /) -> bytes: ...


DECOMPRESSORS: Mapping[str, Callable[[], Decompressor]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": zlib.decompressobj,
}


class Insert(msgspec.Struct, frozen=True):
    """Rows for a table: the statement without its format, the input format, and the first bytes of the rows."""

    sql: str
    form: str
    first: bytes


class Request(msgspec.Struct, frozen=True):
    """One request, its body still arriving."""

    parameters: Mapping[str, str]
    body: AsyncIterator[bytes]

    @property
    def settings(self) -> dict[str, str]:
        """Query settings, by name."""
        return {
            name: value
            for name, value in self.parameters.items()
            if name not in TRANSPORT and not name.startswith("param_")
        }

    @property
    def bound(self) -> dict[str, str]:
        """Values for the statement's `{name:Type}` placeholders."""
        return {name[6:]: value for name, value in self.parameters.items() if name.startswith("param_")}

    async def statement(self) -> Insert | str:
        """The statement, as soon as it is known to be an insert, or all of it."""
        head = self.parameters.get("query", "").encode()
        if found := INSERT.fullmatch(head):
            return Insert(found[1].decode().strip(), found[2].decode(), b"")
        head += b"\n" if head else b""
        async for chunk in self.body:
            head += chunk
            if insert := _insert(head):
                return insert
            if len(head) > LONGEST_STATEMENT:
                raise QueryError("Code: 62. DB::Exception: Max query size exceeded (SYNTAX_ERROR)")
        if found := INSERT.fullmatch(head):
            return Insert(found[1].decode().strip(), found[2].decode(), b"")
        try:
            return head.decode()
        except UnicodeDecodeError as error:
            raise QueryError(f"Code: 62. DB::Exception: The statement is not UTF-8: {error} (SYNTAX_ERROR)") from error


def _insert(head: bytes) -> Insert | None:
    found = INSERT.match(head, 0, LONGEST_INSERT_HEAD)
    rows = re.match(rb"\r?\n", head[found.end() : found.end() + 2]) if found else None
    if not found or not rows:
        return None
    return Insert(found[1].decode().strip(), found[2].decode(), head[found.end() + rows.end() :])


async def read(scope: Mapping[str, Any], receive: Receive) -> Request:
    """The request of an ASGI scope; long parameters may come as a multipart form instead of a body."""
    parameters = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = _body(receive, headers.get("content-encoding", ""))
    if headers.get("content-type", "").startswith("multipart/form-data"):
        parameters |= _form_fields(b"".join([chunk async for chunk in body]), headers["content-type"])
        body = _nothing()
    return Request(parameters, body)


async def _body(receive: Receive, encoding: str) -> AsyncIterator[bytes]:
    frames = Frames(DECOMPRESSORS[encoding]) if encoding in DECOMPRESSORS else None
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Disconnected
        if chunk := event.get("body"):
            yield frames.decompress(chunk) if frames else chunk
        if not event.get("more_body"):
            break
    if frames and not frames.whole:
        raise QueryError("Code: 354. DB::Exception: The compressed body is cut off (CANNOT_DECOMPRESS)")


class Frames:
    """Decompresses a body that may be several compressed frames in a row, however it is cut into chunks."""

    def __init__(self, make: Callable[[], Decompressor]) -> None:
        self._make = make
        self._frame: Decompressor | None = None

    @property
    def whole(self) -> bool:
        """Whether the last frame has ended."""
        return self._frame is None

    def decompress(self, chunk: bytes) -> bytes:
        """What `chunk` completes; `QueryError` when it is not of the encoding."""
        out = []
        try:
            while chunk:
                self._frame = self._frame or self._make()
                out.append(self._frame.decompress(chunk))
                chunk = b""
                if self._frame.eof:
                    chunk = self._frame.unused_data or b""
                    self._frame = None
        except (RuntimeError, EOFError, zlib.error, zstd.ZstdError) as error:
            raise QueryError(f"Code: 354. DB::Exception: The body cannot be decompressed: {error}") from error
        return b"".join(out)


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for chunk in nothing:
        yield chunk


def _form_fields(raw: bytes, content_type: str) -> dict[str, str]:
    boundary = multipart.parse_options_header(content_type)[1].get("boundary", "")
    try:
        parts = list(multipart.MultipartParser(io.BytesIO(raw), boundary))
    except multipart.MultipartError as error:
        raise QueryError(f"Code: 36. DB::Exception: The form cannot be read: {error} (BAD_ARGUMENTS)") from error
    return {part.name: part.value for part in parts if part.filename is None}
