"""Both clients behind one face, so that one test tells what either of them does."""

import asyncio
import itertools
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from livestreamx.client import Account, Refused, Room

HERE = Path(__file__).parent
CLIENT = HERE.parents[1] / "api" / "static" / "vendor" / "livestreamx" / "livestreamx.js"


class Visitor(ABC):
    """Somebody in a room: `frames` came from the server in order; `heard` is what else the client told, by name."""

    opened: ClassVar[set["Visitor"]] = set()

    @abstractmethod
    async def enter(self) -> Self:
        """Until the room is open."""

    @abstractmethod
    async def ask(self, event: str, **data: Any) -> Any:
        """The ack's data."""

    @abstractmethod
    async def give(self, code: str) -> Any:
        """The ack's data of a gift."""

    @abstractmethod
    async def leave(self) -> None:
        """Out of the room."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.heard: list[tuple[str, Any]] = []
        self._news = asyncio.Event()

    def see(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        self._news.set()

    def hear(self, name: str, data: Any) -> None:
        self.heard.append((name, data))
        self._news.set()

    async def until(self, holds: Callable[[], Any], seconds: float = 60) -> None:
        """Wait for the condition; an assertion with what was seen when it never holds."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError((self.heard[-10:], [(f["event"], f.get("seq")) for f in self.frames[-20:]])) from None

    def told(self, name: str) -> list[Any]:
        return [data for heard, data in self.heard if heard == name]

    def seen(self, event: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["event"] == event]

    @property
    def texts(self) -> list[str]:
        return [frame["data"]["text"] for frame in self.seen("chat:message")]

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if "seq" in frame]


class NodeVisitor(Visitor):
    """The JavaScript client under Node."""

    process: asyncio.subprocess.Process

    def __init__(self, base: str, stream: str, tokens: list[dict[str, Any]], **options: Any) -> None:
        super().__init__()
        self._options = {"base": base, "stream": stream, "tokens": tokens, **options}
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader: asyncio.Task[None]

    async def start(self) -> Self:
        node = shutil.which("node")
        if node is None:
            pytest.fail(
                "the JavaScript client is tested under Node 20 or newer: install it (Debian: apt-get install -y nodejs)"
            )
        self.process = await asyncio.create_subprocess_exec(
            node,
            *("--no-warnings", "--experimental-websocket", str(HERE / "js" / "visitor.mjs"), str(CLIENT)),
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
        )
        self.opened.add(self)
        self._reader = asyncio.create_task(self._read())
        await self.act("start")
        return self

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            elif told["name"] == "frame":
                self.see(told["data"])
            else:
                self.hear(told["name"], told.get("data"))

    async def act(self, act: str, seconds: float = 60, **more: Any) -> Any:
        """What the client answers; `Refused` with the kind of error and its code when it throws."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": number, "act": act, **more}).encode() + b"\n")
        told = await asyncio.wait_for(answer, seconds)
        if "error" in told:
            error = told["error"]
            raise Refused(error.get("code"), error["kind"], error.get("retryAfterMs"))
        return told["data"]

    async def enter(self) -> Self:
        await self.start()
        await self.act("ready")
        return self

    async def ask(self, event: str, **data: Any) -> Any:
        return await self.act("ask", event=event, data=data)

    async def give(self, code: str) -> Any:
        return await self.act("gift", gift={"code": code})

    async def leave(self) -> None:
        self.opened.discard(self)
        assert self.process.stdin is not None
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), 60)
        await self._reader


class PythonVisitor(Visitor):
    """The Python client."""

    def __init__(self, base: str, stream: str, account: Account | None, **options: Any) -> None:
        super().__init__()
        self.room = Room(base, stream, account, on_frame=self.see, **options)

    async def enter(self) -> Self:
        self.opened.add(self)
        await self.room.open(60)
        return self

    async def ask(self, event: str, **data: Any) -> Any:
        return await self.room.ask(event, 60, **data)

    async def give(self, code: str) -> Any:
        return await self.room.send_gift(code)

    async def leave(self) -> None:
        self.opened.discard(self)
        await self.room.close()
