"""Gateways as processes of their own, and a client that sees every frame as it came."""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import httpx
import msgspec
import websockets
from websockets.asyncio.client import ClientConnection

from livestreamx.settings import Settings
from tests.conftest import environment, free_port


class GatewayProcess:
    """`python -m api` on the test's engines; no relay and no dataflows beside it."""

    def __init__(self, settings: Settings, **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = {**environment(settings), "LSX_PORT": str(self.port), **variables}
        self.log = settings.home / f"gateway-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api"], env=env, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def wait(self) -> Self:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.log.read_text()
        return self

    @property
    def tracebacks(self) -> int:
        """How often something went wrong that nobody had thought of."""
        return self.log.read_text(errors="replace").count("Traceback")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """The exit code of a graceful stop."""
        self.process.terminate()
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()


@contextmanager
def gateways(settings: Settings, count: int, **variables: str) -> Iterator[list[GatewayProcess]]:
    """So many gateways, started together, ended at the end."""
    running = [GatewayProcess(settings, **variables) for _ in range(count)]
    try:
        for gateway in running:
            gateway.wait()
        yield running
    finally:
        for gateway in running:
            gateway.stop()


class Viewer:
    """One websocket: `frames` is everything that came but answers, in order."""

    opened: ClassVar[set["Viewer"]] = set()

    def __init__(self, url: str, stream: str, path: str = "/ws", **query: object) -> None:
        asked = "&".join(f"{name}={value}" for name, value in {"stream": stream, **query}.items())
        self.address = f"{url.replace('http', 'ws', 1)}{path}?{asked}"
        self.frames: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.ws: ClientConnection
        self._ids = itertools.count(1)
        self._waiting: dict[object, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None]
        self._packed = False

    async def open(self, token: str | None = None, subprotocol: str | None = None, **options: Any) -> Self:
        protocols = [websockets.Subprotocol(subprotocol)] if subprotocol else None
        self._packed = bool(subprotocol and subprotocol.endswith("msgpack"))
        self.ws = await websockets.connect(self.address, subprotocols=protocols, max_size=2**22, **options)
        self._reader = asyncio.create_task(self._read())
        self.opened.add(self)
        if token:
            answer = await self.ask("auth", {"token": token})
            assert answer["event"] == "ack", answer
        return self

    async def _read(self) -> None:
        try:
            async for text in self.ws:
                frame = msgspec.msgpack.decode(text) if isinstance(text, bytes) else msgspec.json.decode(text)
                if frame["event"] in ("ack", "error"):
                    self.answers.append(frame)
                    if waiting := self._waiting.pop(frame["id"], None):
                        waiting.set_result(frame)
                else:
                    self.frames.append(frame)
                self._news.set()
        except websockets.ConnectionClosed:
            self._news.set()

    async def send(self, event: str, data: Any, frame_id: object = None) -> None:
        frame = {"event": event, "id": frame_id, "data": data}
        await self.ws.send(msgspec.msgpack.encode(frame) if self._packed else msgspec.json.encode(frame).decode())

    async def ask(self, event: str, data: Any = None, seconds: float = 60) -> dict[str, Any]:
        """The answer to one frame."""
        frame_id = f"c{next(self._ids)}"
        answer = self._waiting[frame_id] = asyncio.get_running_loop().create_future()
        await self.send(event, {} if data is None else data, frame_id)
        return await asyncio.wait_for(answer, seconds)

    async def say(self, text: str) -> dict[str, Any]:
        """The ack's data of a chat message."""
        answer = await self.ask("chat:message", {"text": text})
        assert answer["event"] == "ack", answer
        data: dict[str, Any] = answer["data"]
        return data

    async def until(self, holds: Any, seconds: float = 60) -> None:
        """Wait until `holds(self)`; an assertion with the frames seen when it never does."""
        try:
            async with asyncio.timeout(seconds):
                while not holds(self):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError([(f["event"], f.get("seq")) for f in self.frames[-20:]]) from None

    async def first(self, event: str, seconds: float = 60) -> dict[str, Any]:
        """The data of the first frame of this kind."""
        await self.until(lambda viewer: viewer.seen(event), seconds)
        data: dict[str, Any] = self.seen(event)[0]["data"]
        return data

    async def closed(self, seconds: float = 60) -> int:
        """The code with which the server closed."""
        await asyncio.wait_for(self.ws.wait_closed(), seconds)
        await self._reader
        return self.ws.close_code or 0

    def seen(self, event: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["event"] == event]

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if "seq" in frame]

    @property
    def texts(self) -> list[str]:
        return [frame["data"]["text"] for frame in self.seen("chat:message")]

    async def close(self) -> None:
        self.opened.discard(self)
        await self.ws.close()
        await self._reader

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def metric(url: str, name: str) -> float:
    """The value of a metric of a gateway, named with its labels; 0 before its first."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        lines = (await http.get("/metrics")).text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)
