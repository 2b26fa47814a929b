"""`python -m api`: the HTTP API and the gateway in one process.

Prints `ready` once it serves, stops gracefully on SIGINT or SIGTERM.
"""

import asyncio
import gc
import socket
import sys

import uvicorn
from threadpoolctl import threadpool_limits

from api.app import create_app
from api.correlation import Platform
from api.deadlines import DeadlineProtocol
from livestreamx.allocator import give_back_large_blocks
from livestreamx.observe.logging import configure_logging
from livestreamx.settings import Settings, SettingsError
from realtime.gateway import Gateway
from realtime.transport import GatewayProtocol

KEEP_ALIVE_SECONDS = 20
STOP_SECONDS = 5
SWITCH_SECONDS = 0.001
"""How long a thread that looks at what is live may keep the interpreter from the requests."""


class Server(uvicorn.Server):
    """Says `ready` on standard output when every engine is open and the socket listens.

    At the end it first says that it is not ready, then stops listening, then sends its websockets to other processes.
    """

    def __init__(self, config: uvicorn.Config, app: Platform, settings: Settings) -> None:
        super().__init__(config)
        self._app, self._settings = app, settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what is there now stays: to walk it again and again would hold up requests for 0.1 s at a time
        if not self.should_exit:
            print("ready", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        gateway: Gateway = self._app.state.gateway
        gateway.stopping = True
        await asyncio.sleep(self._settings.drain_notice_seconds)
        for server in self.servers:
            server.close()
        await gateway.drain()
        await super().shutdown(sockets)


def shared_port(settings: Settings) -> list[socket.socket] | None:
    """A socket on the port that several processes share; it takes nothing before it listens. None for one process."""
    if settings.gateways == 1:
        return None
    family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind(address)
    except OSError as error:
        raise SettingsError(f"LSX_PORT={settings.port}: {error.strerror}") from error
    return [bound]


def main() -> None:
    """Serve on the settings' host and port; `SystemExit` names a setting that cannot be used."""
    give_back_large_blocks()
    try:
        settings = Settings.from_env()
        configure_logging(level=settings.log_level, json=settings.log_json, role="api")
        app, sockets = create_app(settings), shared_port(settings)
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=DeadlineProtocol,
        ws=GatewayProtocol,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=4096,
    )
    if settings.gateway_metrics_port:
        app.state.metrics.serve(settings.host, settings.gateway_metrics_port)
    sys.setswitchinterval(SWITCH_SECONDS)
    threadpool_limits(1, "blas")  # a product for one request is too small to share, and who waits for others spins
    Server(config, app, settings).run(sockets)


if __name__ == "__main__":
    main()
