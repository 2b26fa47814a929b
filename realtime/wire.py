"""Websocket frames as bytes (RFC 6455): sealing what the server sends, reading the header of what a client sends."""

import struct
from enum import IntEnum
from typing import NamedTuple


class Op(IntEnum):
    """Frame types; those from `CLOSE` on are control frames."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Close(IntEnum):
    """Why a connection ends; from 4000 on the reasons are this platform's own."""

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    NO_STATUS = 1005
    NOT_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    RESTART = 1012
    TRY_LATER = 1013
    BAD_REQUEST = 4400
    NO_SUCH_STREAM = 4404
    TOO_SLOW = 4408


class ProtocolError(Exception):
    """Bytes that are no legal client frame."""


class Header(NamedTuple):
    """The head of a client frame: where its mask begins and how long its payload is."""

    final: bool
    op: int
    mask_at: int
    length: int


_OPS = frozenset(Op)
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})


def seal(payload: bytes, op: int = Op.TEXT) -> bytes:
    """An unmasked, unfragmented frame, ready for any number of sockets."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | op, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x80 | op, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | op, 127, size) + payload


def seal_close(code: int, reason: str = "") -> bytes:
    """A close frame; the reason is cut to what a control frame holds."""
    if code == Close.NO_STATUS:
        return seal(b"", Op.CLOSE)
    return seal(code.to_bytes(2, "big") + reason.encode()[:123], Op.CLOSE)


def read_header(data: bytes, at: int) -> Header | None:
    """The header that begins at `at`; None while bytes are missing, `ProtocolError` when it is illegal."""
    if len(data) - at < 2:
        return None
    first, second = data[at], data[at + 1]
    op, final, length = first & 0x0F, bool(first & 0x80), second & 0x7F
    if first & 0x70:
        raise ProtocolError("reserved bits are set")
    if op not in _OPS:
        raise ProtocolError("unknown opcode")
    if not second & 0x80:
        raise ProtocolError("client frames are masked")
    if op >= Op.CLOSE and (length > 125 or not final):
        raise ProtocolError("a control frame is short and whole")
    mask_at = at + 2
    if length >= 126:
        mask_at += 2 if length == 126 else 8
        if len(data) < mask_at:
            return None
        length = int.from_bytes(data[at + 2 : mask_at], "big")
        if length >> 63:
            raise ProtocolError("impossible length")
    return Header(final, op, mask_at, length)


def read_close(payload: bytes) -> int:
    """The code of a client's close frame, to be echoed; `ProtocolError` when it is illegal."""
    if not payload:
        return Close.NO_STATUS
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        raise ProtocolError("illegal close code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError as error:
        raise ProtocolError("the close reason is not UTF-8") from error
    return code
