"""Messages as a Kafka client gives them."""

from typing import Any

from tests.flows.chunks import BEGAN_MS


class Message:
    """A record of the log."""

    def __init__(
        self,
        value: bytes | None,
        headers: list[tuple[str, Any]] | None = None,
        *,
        offset: int = 7,
        at_ms: int = BEGAN_MS,
    ) -> None:
        self._value, self._headers, self._offset, self._at_ms = value, headers, offset, at_ms

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, Any]] | None:
        return self._headers

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, self._at_ms
