"""Clients that mean harm: whatever they do, the rest of the room gets its frames in time and memory stays bounded."""

import asyncio
import contextlib
from statistics import median

import psutil
import pytest
import websockets
from redis.asyncio import Redis as AsyncRedis
from websockets.frames import Frame, Opcode

from livestreamx.engines.bus import RoomBus
from tests.integration.gateways import GatewayProcess, metric
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")

SILENT = 100


async def raw(show: Show) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A websocket after its handshake, for whoever writes frames by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(show.url.rpartition(":")[2]))
    writer.write(
        f"GET /ws?stream={show.stream} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def masked(op: Opcode, payload: bytes, *, final: bool = True) -> bytes:
    return Frame(op, payload, fin=final).serialize(mask=True, extensions=[])


async def close_code(reader: asyncio.StreamReader) -> int:
    """The code in the last frame before the end of the stream."""
    data = await asyncio.wait_for(reader.read(-1), 60)
    at = data.rindex(b"\x88")
    return int.from_bytes(data[at + 2 : at + 4], "big")


@pytest.mark.parametrize(
    "noise",
    [masked(Opcode.PING, b"x" * 100), masked(Opcode.PONG, b""), masked(Opcode.CONT, b"", final=False)],
    ids=["pings", "pongs", "empty fragments"],
)
async def test_noise_without_end_is_closed_with_1008(show: Show, noise: bytes) -> None:
    reader, writer = await raw(show)
    begin = masked(Opcode.TEXT, b"{", final=False) if noise[0] & 15 == Opcode.CONT else b""
    writer.write(begin + noise * 2000)
    assert await close_code(reader) == 1008
    writer.close()


async def test_a_few_pings_a_second_are_answered(show: Show) -> None:
    viewer = await show.enter()
    for _ in range(30):
        await asyncio.wait_for(await viewer.ws.ping(), 60)


async def shout(show: Show) -> list[int]:
    """Send messages of 1 MB, each on a connection of its own; the codes with which those were closed."""
    codes = []
    for _ in range(10):
        async with websockets.connect(f"{show.url.replace('http', 'ws', 1)}/ws?stream={show.stream}") as ws:
            with contextlib.suppress(websockets.ConnectionClosed):
                await ws.send("x" * 1_000_000)
            await ws.wait_closed()
            codes.append(ws.close_code or 0)
    return codes


async def flood(show: Show, until: asyncio.Event) -> None:
    """Write nonsense as fast as it is taken, and read nothing."""
    _, writer = await raw(show)
    nonsense = masked(Opcode.TEXT, b'{"event":"nonsense","data":{}}') * 500
    while not until.is_set():
        writer.write(nonsense)
        try:
            async with asyncio.timeout(0.2):
                await writer.drain()
        except (TimeoutError, ConnectionError):
            await asyncio.sleep(0.05)
    writer.transport.abort()


async def test_the_room_does_not_notice_those_who_mean_harm(
    show: Show, pair: list[GatewayProcess], redis: AsyncRedis
) -> None:
    """Silent ones, shouters, flooders and one who never reads, all at once."""
    bus, listener = RoomBus(redis), await show.enter()
    process = psutil.Process(pair[0].process.pid)
    silent = [await asyncio.open_connection("127.0.0.1", pair[0].port) for _ in range(SILENT)]
    mute = [await show.enter() for _ in range(SILENT)]
    before, over = process.memory_info().rss, asyncio.Event()
    harm = [asyncio.create_task(flood(show, over)) for _ in range(3)]
    shouting = asyncio.create_task(shout(show))
    late = []
    for number in range(150):
        began = asyncio.get_running_loop().time()
        await bus.publish(show.stream, "gift:received", {"text": f"g{number}"})
        await listener.until(lambda v, n=number: v.frames[-1]["data"].get("text") == f"g{n}")
        late.append(asyncio.get_running_loop().time() - began)
    # One that is still writing when the gateway's patience ends may see a broken connection instead of the reason.
    codes = await shouting
    assert {*codes} <= {1009, 1006}
    assert 1009 in codes
    assert median(late) < 2
    assert process.memory_info().rss - before < 40e6
    over.set()
    await asyncio.gather(*harm)
    closed = [asyncio.wait_for(reader.read(-1), 60) for reader, _ in silent]
    assert await asyncio.gather(*closed) == [b""] * SILENT
    assert await metric(pair[0].url, "ws_connections") >= SILENT
    for viewer in mute:
        await viewer.first("room:state")
    for _, writer in silent:
        writer.close()
