"""Asks a server whether it answers, without importing its client: start-up must not wait for imports."""

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

Probe = Callable[[], bool]
SECONDS = 2.0


def opens(host: str, port: int, seconds: float = SECONDS) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def exchange(host: str, port: int, request: bytes) -> bytes:
    """The first bytes of the answer; nothing when there is none."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as connection:
            connection.sendall(request)
            return connection.recv(64)
    except OSError:
        return b""


def http_ok(host: str, port: int, path: str) -> bool:
    """Whether `GET path` answers 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    return exchange(host, port, request.encode()).startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))


def redis_ready(host: str, port: int) -> bool:
    """Whether Redis has loaded its data: before, it answers `-LOADING`."""
    return exchange(host, port, b"PING\r\n").startswith(b"+PONG")


def postmaster_ready(data: Path) -> bool:
    """Whether PostgreSQL accepts connections: it says so in line 8 of its pid file, where `pg_ctl` looks too."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def reachable(address: str, default_port: int) -> bool:
    """Whether one server of an engine's URL, or of a comma-separated list of `host:port`, accepts a connection."""
    for one in address.split(","):
        parts = urlsplit(one if "://" in one else f"//{one.strip()}")
        if opens(parts.hostname or "127.0.0.1", parts.port or default_port, 5.0):
            return True
    return False
