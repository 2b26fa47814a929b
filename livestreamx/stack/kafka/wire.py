"""Primitives of the Kafka protocol (versions before the "flexible" ones): big-endian integers, strings, arrays.

Reading past the end or a negative length is a `ProtocolError`: the connection that sent it is closed.
"""

import struct
from collections.abc import Callable, Collection
from typing import Self, TypeVar

Item = TypeVar("Item")

_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")
_INT64 = struct.Struct(">q")


class ProtocolError(Exception):
    """The peer sent bytes that are not a request we can read."""


class Reader:
    """Reads primitives one after the other from a request."""

    __slots__ = ("_buffer", "_position")

    def __init__(self, buffer: memoryview) -> None:
        self._buffer = buffer
        self._position = 0

    def boolean(self) -> bool:
        return self.int8() != 0

    def int8(self) -> int:
        value = self._take(1)[0]
        return value - 256 if value > 127 else value

    def int16(self) -> int:
        return int(_INT16.unpack(self._take(2))[0])

    def int32(self) -> int:
        return int(_INT32.unpack(self._take(4))[0])

    def int64(self) -> int:
        return int(_INT64.unpack(self._take(8))[0])

    def string(self) -> str:
        value = self.nullable_string()
        if value is None:
            raise ProtocolError("null where a string is required")
        return value

    def nullable_string(self) -> str | None:
        length = self.int16()
        if length < 0:
            return None
        try:
            return str(self._take(length), "utf-8")
        except UnicodeDecodeError as error:
            raise ProtocolError("string is not UTF-8") from error

    def blob(self) -> memoryview:
        """Bytes with a 32-bit length; null reads as empty."""
        length = self.int32()
        return self._take(length) if length > 0 else self._buffer[:0]

    def array(self, read_item: Callable[[], Item]) -> list[Item]:
        """Items one after the other; null reads as empty."""
        return self.nullable_array(read_item) or []

    def nullable_array(self, read_item: Callable[[], Item]) -> list[Item] | None:
        count = self.int32()
        if count < 0:
            return None
        if count > len(self._buffer) - self._position:
            raise ProtocolError(f"array of {count} items in {len(self._buffer)} bytes")
        return [read_item() for _ in range(count)]

    def _take(self, length: int) -> memoryview:
        start = self._position
        end = start + length
        if end > len(self._buffer):
            raise ProtocolError(f"request ends {end - len(self._buffer)} bytes early")
        self._position = end
        return self._buffer[start:end]


class Writer:
    """Collects a response as a list of chunks, so that fetched records are never copied."""

    __slots__ = ("chunks",)

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def boolean(self, value: bool) -> Self:
        return self.int8(1 if value else 0)

    def int8(self, value: int) -> Self:
        self.chunks.append(value.to_bytes(1, "big", signed=True))
        return self

    def int16(self, value: int) -> Self:
        self.chunks.append(_INT16.pack(value))
        return self

    def int32(self, value: int) -> Self:
        self.chunks.append(_INT32.pack(value))
        return self

    def int64(self, value: int) -> Self:
        self.chunks.append(_INT64.pack(value))
        return self

    def string(self, value: str | None) -> Self:
        if value is None:
            return self.int16(-1)
        encoded = value.encode()
        self.chunks.append(_INT16.pack(len(encoded)) + encoded)
        return self

    def blob(self, value: bytes) -> Self:
        self.chunks.append(_INT32.pack(len(value)))
        if value:
            self.chunks.append(value)
        return self

    def array(self, items: Collection[Item], write_item: Callable[[Item], object]) -> Self:
        self.int32(len(items))
        for item in items:
            write_item(item)
        return self
