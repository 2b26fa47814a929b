"""A client of the platform: REST calls of one account, and a room's socket that reconnects and resumes.

It knows the public contract only, so simulations, replays and tests see what any app would see.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import websockets
from websockets.asyncio.client import ClientConnection

from livestreamx import frames

HEARTBEAT_SECONDS = 15
LONGEST_PAUSE_SECONDS = 5.0


class Refused(Exception):
    """The platform said no: a stable `code`, a sentence, and when to try again (ms) if it said so."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None) -> None:
        self.code, self.message, self.retry_after_ms = code, message, retry_after_ms
        super().__init__(f"{code}: {message}")


class Unanswered(Exception):
    """The connection broke before the answer came: the act may or may not have been accepted."""


class Account:
    """One signed-in person. The access token is renewed when the platform asks for it."""

    def __init__(self, http: httpx.AsyncClient, handle: str, pair: dict[str, Any]) -> None:
        self.http, self.handle = http, handle
        self.user_id: str = pair["user"]["id"]
        self.access: str = pair["access"]
        self._refresh: str = pair["refresh"]

    @classmethod
    async def register(cls, http: httpx.AsyncClient, handle: str, password: str) -> "Account":
        """A new account; `Refused` with `handle_taken` when there is one of that name."""
        pair = _read(await http.post("/api/auth/register", json={"handle": handle, "password": password}))
        return cls(http, handle, pair)

    @classmethod
    async def login(cls, http: httpx.AsyncClient, handle: str, password: str) -> "Account":
        """Sign in to an account that exists."""
        pair = _read(await http.post("/api/auth/login", json={"handle": handle, "password": password}))
        return cls(http, handle, pair)

    @classmethod
    async def enter(cls, http: httpx.AsyncClient, handle: str, password: str) -> "Account":
        """Sign in, or register when the handle is new."""
        try:
            return await cls.register(http, handle, password)
        except Refused as refusal:
            if refusal.code != "handle_taken":
                raise
            return await cls.login(http, handle, password)

    async def renew(self) -> None:
        """Trade the refresh token for a new pair, which also carries new roles."""
        pair = _read(await self.http.post("/api/auth/refresh", json={"refresh": self._refresh}))
        self.access, self._refresh = pair["access"], pair["refresh"]

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One REST call as this person; the decoded answer, or `Refused`."""
        sent = {
            "Authorization": f"Bearer {self.access}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        return _read(await self.http.request(method, path, json=body, headers=sent))

    async def become_creator(self) -> None:
        """Take the creator's role; the next access token carries it."""
        await self.call("POST", "/api/me/creator")
        await self.renew()

    async def go_live(self, title: str, **about: Any) -> str:
        """Create a stream and start it; its id."""
        stream = await self.call("POST", "/api/streams", {"title": title, **about})
        await self.call("POST", f"/api/streams/{stream['id']}/start")
        return str(stream["id"])


def _read(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    retry = float(answer.headers["Retry-After"]) * 1000 if "Retry-After" in answer.headers else None
    message = problem.get("detail") or problem.get("title") or answer.text[:200]
    raise Refused(problem.get("code", str(answer.status_code)), message, int(retry) if retry is not None else None)


class Room:
    """A socket in a stream's room: `ask` waits for the answer to one frame, `on_frame` sees everything else.

    After a lost connection it comes back with back-off and jitter and resumes where it was, so no frame is missed.
    """

    def __init__(
        self,
        base: str,
        stream: str,
        account: Account | None = None,
        *,
        channels: str = "",
        on_frame: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        query = f"stream={stream}" + (f"&channels={channels}" if channels else "")
        self._url = f"{base.replace('http', 'ws', 1)}/ws?{query}"
        self._account, self._on_frame = account, on_frame
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._last = 0
        self._ws: ClientConnection | None = None
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.epoch: str | None = None
        self.seq = 0
        self.reconnects = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, seconds: float = 20) -> None:
        """Connect, sign in and wait for the room's state."""
        self._task = asyncio.create_task(self._stay())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._task.done():
            await self._task
        if not self._ready.is_set():
            await self.close()
            raise TimeoutError(f"no room within {seconds:.0f} s")

    async def close(self) -> None:
        """Leave the room."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Refused):
                await self._task

    async def ask(self, event: str, seconds: float = 15, **data: Any) -> dict[str, Any]:
        """Send a frame and wait for its answer: the ack's data, `Refused`, or `Unanswered`."""
        await asyncio.wait_for(self._ready.wait(), seconds)
        return await self._ask(event, data, seconds)

    async def _ask(self, event: str, data: dict[str, Any], seconds: float) -> dict[str, Any]:
        if self._ws is None:
            raise Unanswered("not connected")
        self._last += 1
        name = str(self._last)
        answer = self._answers[name] = asyncio.get_running_loop().create_future()
        try:
            await self._ws.send(msgspec.json.encode({"event": event, "id": name, "data": data}).decode())
            frame = await asyncio.wait_for(answer, seconds)
        except (websockets.ConnectionClosed, TimeoutError) as error:
            raise Unanswered(str(error) or "no answer in time") from error
        finally:
            self._answers.pop(name, None)
        if frame["event"] == "error":
            problem = frame["data"]
            raise Refused(problem["code"], problem.get("message", ""), problem.get("retryAfterMs"))
        return dict(frame["data"])

    def _address(self) -> str:
        """Where to connect; coming back, it says what was seen last, so that what was missed comes first."""
        return self._url if self.epoch is None else f"{self._url}&epoch={self.epoch}&seq={self.seq}"

    async def _stay(self) -> None:
        pause = 0.1
        while True:
            try:
                async with websockets.connect(
                    self._address(),
                    subprotocols=[websockets.Subprotocol(frames.JSON)],
                    compression=None,
                    max_size=2**22,
                    open_timeout=20,
                ) as self._ws:
                    pause = 0.1
                    await self._attend(self._ws)
            except (OSError, websockets.InvalidHandshake, websockets.ConnectionClosed, Unanswered, TimeoutError):
                self.reconnects += 1
            finally:
                self._lose()
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 (spreads reconnects, hides nothing)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _attend(self, ws: ClientConnection) -> None:
        helpers = [asyncio.create_task(self._enter()), asyncio.create_task(self._beat())]
        try:
            async for text in ws:
                self._take(msgspec.json.decode(text))
                if helpers[0].done():
                    await helpers[0]
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _enter(self) -> None:
        if self._account:
            try:
                await self._ask("auth", {"token": self._account.access}, 15)
            except Refused:
                await self._account.renew()
                await self._ask("auth", {"token": self._account.access}, 15)
        self._ready.set()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(Refused, Unanswered):
                await self._ask("viewer:heartbeat", {"focus": True}, 15)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["event"] in ("ack", "error"):
            answer = self._answers.get(str(frame.get("id")))
            if answer and not answer.done():
                answer.set_result(frame)
            return
        if frame["event"] == "resume:truncated" or (
            frame["event"] == "room:state" and frame["data"]["epoch"] != self.epoch
        ):
            self.epoch, self.seq = frame["data"]["epoch"], frame["data"]["seq"]
        elif seq := frame.get("seq"):
            if seq <= self.seq:
                return
            self.seq = seq
        self._on_frame(frame)

    def _lose(self) -> None:
        self._ws = None
        self._ready.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unanswered("the connection was lost"))
