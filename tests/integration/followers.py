"""Viewers that come back: over every lost connection, wherever a gateway answers, with their place in the room."""

import asyncio
import contextlib
from typing import Any

import websockets

from tests.integration.gateways import Viewer


def is_gapless(seqs: list[int]) -> bool:
    return bool(seqs) and seqs == list(range(seqs[0], seqs[0] + len(seqs)))


class Follower:
    """A viewer who comes back: what it has is everything since it first entered, each frame once.

    `drained` are the places that a gateway which stopped named, each with the last seq seen there.
    """

    def __init__(self, urls: list[str], stream: str) -> None:
        self._urls, self._stream = urls, stream
        self.frames: list[dict[str, Any]] = []
        self.recovered: list[bool] = []
        self.drained: list[tuple[int, int]] = []
        self.entered = False
        self.viewer: Viewer | None = None
        self._place: tuple[str, int] | None = None

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames]

    async def follow(self, last: str) -> None:
        """Stay until the message `last` comes, at the first gateway as long as it answers, then at the next."""
        turn = 0
        while not any(frame["data"].get("text") == last for frame in self.frames[-500:]):
            try:
                await self._visit(self._urls[turn % len(self._urls)], last)
            except (OSError, websockets.InvalidHandshake, websockets.ConnectionClosed, TimeoutError):
                await asyncio.sleep(0.05)
            turn += 1

    async def _visit(self, url: str, last: str) -> None:
        query = {"epoch": self._place[0], "seq": self._place[1]} if self._place else {}
        viewer = await Viewer(url, self._stream, **query).open(open_timeout=5)
        try:
            state = await viewer.first("room:state", 5)
        except AssertionError as error:
            raise TimeoutError("the gateway went away before it let anybody in") from error
        if self._place:
            self.recovered.append(not viewer.seen("resume:truncated"))
        self.entered, self.viewer = True, viewer
        done = asyncio.create_task(viewer.until(lambda v: last in v.texts[-500:], 120))
        gone = asyncio.create_task(viewer.ws.wait_closed())
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (done, gone):
            task.cancel()
        await asyncio.gather(done, gone, return_exceptions=True)
        await viewer.close()
        self.frames += [frame for frame in viewer.frames if "seq" in frame]
        self._place = (state["epoch"], viewer.seqs[-1] if viewer.seqs else state["seq"])
        self.drained += [(frame["data"]["seq"], self._place[1]) for frame in viewer.seen("gateway:drain")]

    async def break_off(self) -> None:
        """Lose the connection without a word."""
        if self.viewer is not None:
            with contextlib.suppress(OSError):
                self.viewer.ws.transport.abort()
