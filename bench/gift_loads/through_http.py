"""Gifts over HTTP to a running API, from a process of its own: `python -m bench.gift_loads.through_http` is the client.

It speaks HTTP/1.1 on plain streams, so that the client costs little of the two's machine.
"""

import asyncio
import itertools
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from uuid import UUID

import msgspec
import uvloop

from bench.gift_loads.world import World
from domain.accounts.tokens import AccessTokens
from livestreamx.settings import Settings

CONNECTIONS = 64
BODY = b'{"code":"HEART"}'


class Order(msgspec.Struct, frozen=True):
    """What the client is told on its standard input."""

    port: int
    seconds: float
    stream: UUID
    tokens: list[str]


@contextmanager
def api(settings: Settings, port: int) -> Iterator[None]:
    """`python -m api` on these engines, ready."""
    names = ("home", "postgres_url", "redis_url", "kafka_bootstrap", "clickhouse_url", "signing_key")
    env = {f"LSX_{name.upper()}": str(getattr(settings, name)) for name in names}
    env |= {"LSX_PORT": str(port), "LSX_RATE_LIMITS": "off", "LSX_LOG_LEVEL": "warning"}
    with started("api", env) as output:
        wait_ready(output)
        yield


@contextmanager
def started(module: str, env: dict[str, str]) -> Iterator[IO[str]]:
    """A role of the platform as a child process; what it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", module], env={**os.environ, **env}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()


def wait_ready(output: IO[str]) -> None:
    """Return at the role's word that it serves."""
    assert any(line.strip() == "ready" for line in output), "it ended before it was ready"


def over_http(settings: Settings, world: World, port: int, seconds: float) -> list[float]:
    """What each gift to one creator took (s)."""
    tokens = AccessTokens(settings.signing_key, 60)
    order = Order(
        port,
        seconds,
        world.streams[0],
        [tokens.issue(user, "bench", ("viewer",), UUID(int=0)) for user in world.senders],
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench.gift_loads.through_http"],
        input=msgspec.json.encode(order),
        capture_output=True,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=list[float])


async def ask(order: Order) -> list[float]:
    """Gifts on all connections until the time is over; anything but 201 ends it."""
    took: list[float] = []
    tokens = itertools.cycle(token.encode() for token in order.tokens)  # in turn, for nobody may send too fast
    end = time.perf_counter() + order.seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", order.port)
        head = (
            f"POST /api/streams/{order.stream}/gifts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(BODY)}\r\nAuthorization: Bearer "
        ).encode()
        while (began := time.perf_counter()) < end:
            key = secrets.token_hex(8).encode()
            writer.write(head + next(tokens) + b"\r\nIdempotency-Key: " + key + b"\r\n\r\n" + BODY)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:")
            )
            body = await reader.readexactly(length)
            assert answer.startswith(b"HTTP/1.1 201"), answer + body
            took.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return took


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(ask(order))))


if __name__ == "__main__":
    main()
