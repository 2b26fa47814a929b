"""`python -m livestreamx.stack.clickhouse --home DIR --port N` serves the tables in DIR on loopback until stopped."""

import argparse
import socket
from pathlib import Path

import uvicorn

from livestreamx.stack.clickhouse.http import ClickHouseApp

MEMORY_BYTES = 1 << 30
STOP_SECONDS = 5


class Server(uvicorn.Server):
    """Says when its port is open."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"ready {self.config.host}:{self.config.port}", flush=True)


def main() -> None:
    """Serve; prints `ready host:port` once statements are answered."""
    parser = argparse.ArgumentParser(prog="livestreamx.stack.clickhouse", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--memory", type=int, default=MEMORY_BYTES, help="bytes that queries may use in all")
    given = parser.parse_args()
    given.home.mkdir(parents=True, exist_ok=True)
    config = uvicorn.Config(
        ClickHouseApp(given.home, given.memory),
        host=given.host,
        port=given.port,
        log_level="warning",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
