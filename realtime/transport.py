"""uvicorn's websocket protocol with a way out: once Litestar has routed and accepted, the transport is handed over.

The ASGI task then ends, and a lean `Connection` has the socket to itself.
"""

import asyncio
import socket
import sys
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from realtime.connection import Connection, Listener

EXTENSION = "livestreamx.gateway"
EARLY_BYTES = 16 * 1024
UNSENT_BYTES = 64 * 1024
"""What the kernel holds for a reader that does not read, before the gateway notices."""
TCP_NOTSENT_LOWAT = 25  # Linux; the socket module names it from Python 3.12 on


class GatewayProtocol(WebSocketsSansIOProtocol):
    """Does the handshake as usual, without compression: a frame that many share is not compressed for each."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn.available_extensions = []
        self._early = b""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"] or {}
            self.scope["extensions"] = {**extensions, EXTENSION: self}  # type: ignore[dict-item]

    def data_received(self, data: bytes) -> None:
        """After the request nothing is read here: what comes early waits for the connection that takes over."""
        if not self.handshake_initiated:
            super().data_received(data)
            return
        self._early += data
        if len(self._early) > EARLY_BYTES:
            self.transport.abort()

    def hand_over(self, listener: Listener) -> Connection:
        """The open connection; this protocol and its ASGI task have no part in it from now on."""
        self.stop_keepalive()
        transport = self.transport
        connection = Connection(transport, bare_socket(transport), self.connections, listener)
        self.connections.discard(self)
        self.connections.add(connection)  # type: ignore[arg-type]
        self.transport = _Handed()
        transport.set_protocol(connection)
        transport.set_write_buffer_limits(high=0)
        if self.disconnected or transport.is_closing():
            connection.connection_lost(None)
        elif self._early:
            self.loop.call_soon(connection.data_received, self._early)
        return connection


class _Handed(asyncio.Transport):
    """Stands where the transport was, for the ASGI task that closes it at its end."""

    def close(self) -> None:
        """The connection lives on."""

    def is_closing(self) -> bool:
        return True


def bare_socket(transport: asyncio.Transport) -> socket.SocketType | None:
    """The transport's socket, for frames that are written directly; None where the transport must do it, as for TLS.

    It shares the transport's descriptor: the connection lets go of it before the transport closes that.
    """
    known: socket.socket | None = transport.get_extra_info("socket")
    if known is None or transport.get_extra_info("sslcontext") is not None:
        return None
    if sys.platform == "linux" and known.family in (socket.AF_INET, socket.AF_INET6):
        known.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    return socket.SocketType(known.family, known.type, known.proto, known.fileno())


def take_over(scope: Mapping[str, Any], listener: Listener) -> Connection:
    """The connection of an accepted websocket; `RuntimeError` under a server that does not run `GatewayProtocol`."""
    protocol = scope["extensions"].get(EXTENSION)
    if not isinstance(protocol, GatewayProtocol):
        raise RuntimeError("The gateway needs uvicorn with ws=realtime.transport.GatewayProtocol")
    return protocol.hand_over(listener)
