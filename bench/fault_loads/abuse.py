"""Clients that mean harm, until killed: `python -m bench.fault_loads.abuse <port> <stream>`."""

import asyncio
import sys

from websockets.frames import Frame, Opcode

SILENT, FLOODERS, SHOUTERS, DEAF = 500, 3, 3, 3
NONSENSE = Frame(Opcode.TEXT, b'{"event":"nonsense","data":{}}').serialize(mask=True, extensions=[]) * 200
MEGABYTE = Frame(Opcode.TEXT, b"x" * 1_000_000).serialize(mask=True, extensions=[])


async def upgraded(port: int, stream: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /ws?stream={stream} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def flood(port: int, stream: str) -> None:
    """Send nonsense as fast as it is taken, and read no answer."""
    while True:
        _, writer = await upgraded(port, stream)
        try:
            while True:
                writer.write(NONSENSE)
                await writer.drain()
        except ConnectionError:
            writer.close()


async def shout(port: int, stream: str) -> None:
    """A message of 1 MB, again and again, each on a connection of its own."""
    while True:
        reader, writer = await upgraded(port, stream)
        try:
            writer.write(MEGABYTE)
            await reader.read(-1)
        except ConnectionError:
            pass
        finally:
            writer.close()


async def harm(port: int, stream: str) -> None:
    """All of it at once; says `ready` when it has begun."""
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SILENT)]
    deaf = [await upgraded(port, stream) for _ in range(DEAF)]
    for reader, _ in deaf:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
    print("ready", flush=True)
    acts = [flood] * FLOODERS + [shout] * SHOUTERS
    await asyncio.gather(*(act(port, stream) for act in acts))
    del silent


if __name__ == "__main__":
    asyncio.run(harm(int(sys.argv[1]), sys.argv[2]))
