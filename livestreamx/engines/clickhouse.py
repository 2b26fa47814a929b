"""ClickHouse over its HTTP interface, the same for a server and for the embedded engine."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

if TYPE_CHECKING:  # it brings an HTTP client along that dataflows need not wait for when they start again
    from clickhouse_connect.driver.asyncclient import AsyncClient

DATABASE = "livestreamx"


def _where(url: str, database: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or (8443 if parts.scheme == "https" else 8123),
        "username": parts.username or "default",
        "password": parts.password or "",
        "secure": parts.scheme == "https",
        "database": parts.path.strip("/") or database,
        "autogenerate_session_id": False,
    }


def connect_plain(url: str, database: str = DATABASE) -> Client:
    """A blocking client for dataflows, jobs and commands."""
    return clickhouse_connect.get_client(**_where(url, database))  # type: ignore[arg-type]


async def connect(url: str, database: str = DATABASE) -> "AsyncClient":
    """An async client; `await client.close()` belongs into the lifespan."""
    return await clickhouse_connect.get_async_client(**_where(url, database))  # type: ignore[arg-type]
