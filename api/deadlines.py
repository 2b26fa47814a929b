"""HTTP connections with deadlines: one that does not send its request in time is closed (slow or idle clients)."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10
BODY_SECONDS = 30
SLOWEST_BODY = 32 * 1024
"""Bytes a second: a body has as much more time as it takes at this pace."""


class DeadlineProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol; headers have 10 s from the first byte or the connect, a body 30 s more than it takes."""

    _deadline: asyncio.TimerHandle | None = None
    _due = 0.0

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._due = self.loop.time() + seconds
        self._deadline = self.loop.call_at(self._due, self._expire)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        if self.loop.time() < self._due:
            self._deadline = self.loop.call_at(self._due, self._expire)
            return
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    @property
    def _between_requests(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and self._between_requests:
            self._arm(HEADER_SECONDS)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._arm(BODY_SECONDS)

    def on_body(self, body: bytes) -> None:
        self._due += len(body) / SLOWEST_BODY
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._disarm()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> Any:
        self._disarm()
        return super().handle_websocket_upgrade()
