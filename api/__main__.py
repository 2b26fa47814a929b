"""`python -m api`: the HTTP API and the gateway in one process.

Prints `ready` once it serves, stops gracefully on SIGINT or SIGTERM.
"""

import socket

import uvicorn

from api.app import create_app
from api.deadlines import DeadlineProtocol
from livestreamx.observe.logging import configure_logging
from livestreamx.settings import Settings, SettingsError
from realtime.transport import GatewayProtocol

KEEP_ALIVE_SECONDS = 20
STOP_SECONDS = 5


class Server(uvicorn.Server):
    """Says `ready` on standard output when every engine is open and the socket listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            print("ready", flush=True)


def main() -> None:
    """Serve on the settings' host and port; `SystemExit` names a setting that cannot be used."""
    try:
        settings = Settings.from_env()
        configure_logging(level=settings.log_level, json=settings.log_json, role="api")
        app = create_app(settings)
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
    Server(config).run()


if __name__ == "__main__":
    main()
