"""A stay in a stream's room: what the room tells comes in order and once, over any number of connections.

It comes back for ever, with full jitter, and resumes where it was; what may count twice is never sent twice.
"""

import asyncio
import contextlib
import random
import secrets
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import msgspec
import websockets
from websockets.asyncio.client import ClientConnection

from livestreamx import frames
from livestreamx.client.account import Account
from livestreamx.client.place import Place, Step
from livestreamx.client.refusals import NotConnected, Refused, Unanswered

HEARTBEAT_SECONDS = 15
AUTH_AGAIN_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 10.0
LOST, TRY_LATER = 1006, 1013
FINAL = frozenset({4400, 4404})
"""Close codes after which coming back is in vain."""
UNFILTERED = frozenset({"", "studio"})

Frame = dict[str, Any]


class Room:
    """`ask` waits for the answer to one frame, `on_frame` sees every frame as it came, `on` one kind, decoded.

    Without an account it only reads; `packed` speaks MessagePack.
    """

    def __init__(
        self,
        base: str,
        stream: str,
        account: Account | None = None,
        *,
        view: str = "",
        channels: str = "",
        packed: bool = False,
        on_frame: Callable[[Frame], None] = lambda _: None,
    ) -> None:
        query = {"stream": stream, **({"channels": channels} if channels else {})}
        self._url = f"{base.replace('http', 'ws', 1)}/ws{f'/{view}' if view else ''}?{urlencode(query)}"
        self._account, self._on_frame, self._packed = account, on_frame, packed
        self._place = Place(partial=bool(channels) or view not in UNFILTERED)
        self._listeners: dict[str, list[Callable[[Any], None]]] = defaultdict(list)
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._last = self._tries = 0
        self._drain_seconds: float | None = None
        self._ws: ClientConnection | None = None
        self._entered, self._ready, self._changed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._expired = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._said: Refused | None = None
        self._failure: Refused | None = None
        self.reconnects = 0
        self.focus = True
        """Whether somebody looks; told with each heartbeat."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def epoch(self) -> str | None:
        """With `seq`, the last frame seen."""
        return self._place.epoch

    @property
    def seq(self) -> int:
        return self._place.seq

    def on(self, event: str, listener: Callable[[Any], None]) -> Self:
        """Call the listener with the data of each such frame, decoded to its Struct of `livestreamx.frames`."""
        self._listeners[event].append(listener)
        return self

    async def open(self, seconds: float = 20) -> None:
        """Connect, sign in and wait for the room's state; `Refused` when it is not to be had, `TimeoutError`."""
        self._failure = None
        self._task = asyncio.create_task(self._stay())
        try:
            await self._wait(seconds)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Leave the room; `open` comes back to where it was."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def ask(self, event: str, seconds: float = 15, **data: Any) -> dict[str, Any]:
        """Send a frame once, when the room is open: the ack's data, `Refused`, or `Unanswered`."""
        await self._wait(seconds)
        return await self._ask(event, data, seconds)

    async def send_gift(self, code: str, qty: int = 1, *, within: float = 120, **more: Any) -> dict[str, Any]:
        """Send a gift that is charged once: while no answer comes it is sent again, bearing the same key."""
        gift = {"code": code, "qty": qty, "idempotencyKey": secrets.token_hex(16), **more}
        until = asyncio.get_running_loop().time() + within
        while True:
            try:
                return await self.ask("gift:send", **gift)
            except (Unanswered, TimeoutError):
                if asyncio.get_running_loop().time() >= until:
                    raise

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not self._ready.is_set():
                    if self._task and self._task.done():
                        self._task.result()
                    if self._failure:
                        raise self._failure
                    if self._task is None:
                        raise NotConnected("the room is not open")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise TimeoutError(f"no room within {seconds:.0f} s") from error

    # the connection

    async def _stay(self) -> None:
        try:
            while (code := await self._visit()) not in FINAL:
                self.reconnects += 1
                await asyncio.sleep(self._pause(code))
            self._failure = self._said or Refused(str(code), "The room cannot be entered")
        finally:
            self._changed.set()

    def _pause(self, code: int) -> float:
        if (told := self._drain_seconds) is not None:
            self._drain_seconds = None
            return told
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._tries, 16))
        self._tries += 1
        # Full jitter: a crowd comes back spread out.
        return random.uniform(0, ceiling) + (FIRST_PAUSE_SECONDS if code == TRY_LATER else 0)  # noqa: S311

    def _address(self) -> str:
        """Where to connect; coming back, it says what was seen last, so that what was missed comes first."""
        place = {"epoch": self.epoch, "seq": self.seq}
        return self._url if self.epoch is None else f"{self._url}&{urlencode(place)}"

    async def _visit(self) -> int:
        """One connection from beginning to end; its close code."""
        subprotocol = websockets.Subprotocol(frames.MSGPACK if self._packed else frames.JSON)
        try:
            async with websockets.connect(
                self._address(), subprotocols=[subprotocol], compression=None, max_size=2**22, open_timeout=20
            ) as ws:
                self._ws = ws
                helpers = [asyncio.create_task(work) for work in (self._keep_signed_in(), self._beat())]
                try:
                    await self._attend(ws)
                finally:
                    for helper in helpers:
                        helper.cancel()
                    await asyncio.gather(*helpers, return_exceptions=True)
            return ws.close_code or LOST
        except (OSError, websockets.InvalidHandshake, TimeoutError):
            return LOST
        finally:
            self._lose()

    async def _attend(self, ws: ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in ws:
                frame = (msgspec.msgpack if self._packed else msgspec.json).decode(message)
                if self._take(frame) is Step.COME_BACK:
                    return

    def _lose(self) -> None:
        self._ws = None
        self._ready.clear()
        self._entered.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unanswered("the connection broke"))

    async def _keep_signed_in(self) -> None:
        """Sign in, be ready once the room has told its state, and renew before each token runs out."""
        while True:
            try:
                await self._sign_in()
            except (Refused, Unanswered, httpx.HTTPError) as error:
                self._failure = error if isinstance(error, Refused) else None
                self._changed.set()
                await asyncio.sleep(AUTH_AGAIN_SECONDS)
                continue
            self._failure = None
            await self._entered.wait()
            self._ready.set()
            self._changed.set()
            if self._account is None:
                return
            self._expired.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._expired.wait(), self._account.token_seconds)

    async def _sign_in(self) -> None:
        if self._account is None:
            return
        try:
            await self._ask("auth", {"token": await self._account.token()}, 15)
        except Refused:
            await self._account.renew()
            await self._ask("auth", {"token": self._account.access}, 15)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._send("viewer:heartbeat", "beat", {"focus": self.focus})

    async def _ask(self, event: str, data: dict[str, Any], seconds: float) -> dict[str, Any]:
        self._last += 1
        name = f"c{self._last}"
        answer = self._answers[name] = asyncio.get_running_loop().create_future()
        try:
            await self._send(event, name, data)
            frame = await asyncio.wait_for(answer, seconds)
        except (websockets.ConnectionClosed, TimeoutError) as error:
            raise Unanswered(str(error) or "no answer in time") from error
        finally:
            self._answers.pop(name, None)
        if frame["event"] == "error":
            raise Refused.of(frame["data"])
        return dict(frame["data"])

    async def _send(self, event: str, name: str, data: dict[str, Any]) -> None:
        if self._ws is None:
            raise Unanswered("not connected")
        frame = {"event": event, "id": name, "data": data}
        await self._ws.send(msgspec.msgpack.encode(frame) if self._packed else msgspec.json.encode(frame).decode())

    # frames

    def _take(self, frame: Frame) -> Step:
        if frame["event"] in ("ack", "error"):
            self._answered(frame)
            return Step.HAD
        step = self._place.take(frame)
        if step is Step.TELL:
            self._note(frame)
            self._on_frame(frame)
            self._tell(frame)
        return step

    def _answered(self, frame: Frame) -> None:
        answer = self._answers.get(str(frame.get("id")))
        if answer and not answer.done():
            answer.set_result(frame)
        elif frame.get("id") is None:
            # It answers no request: it says why the connection is about to end.
            self._said = Refused.of(frame["data"])

    def _note(self, frame: Frame) -> None:
        match frame["event"]:
            case "room:state":
                self._tries = 0
                self._entered.set()
            case "gateway:drain":
                self._drain_seconds = frame["data"]["reconnectInMs"] / 1000
            case "auth:expired":
                self._expired.set()

    def _tell(self, frame: Frame) -> None:
        """What a newer server sends beyond what is known here is handed on as it came."""
        if listeners := self._listeners.get(frame["event"]):
            kind = frames.SERVER_FRAMES.get(frame["event"])
            data = msgspec.convert(frame["data"], kind.data) if kind else frame["data"]
            for listener in listeners:
                listener(data)
