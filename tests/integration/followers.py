"""Viewers that come back: over every lost connection, wherever a gateway answers, with their place in the room."""

import asyncio
from collections.abc import Callable
from typing import Any

import websockets
from websockets.protocol import State

from tests.integration.gateways import Viewer


def is_gapless(seqs: list[int]) -> bool:
    return bool(seqs) and seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def has_come(text: str, frames: list[dict[str, Any]]) -> bool:
    """Whether this was said just now, of a room that says nothing after it."""
    return any(frame["data"].get("text") == text for frame in frames[-100:])


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
        while not has_come(last, self.frames):
            try:
                await self._visit(self._urls[turn % len(self._urls)], last)
            except (OSError, websockets.InvalidHandshake, websockets.ConnectionClosed, TimeoutError):
                await asyncio.sleep(0.05)
            turn += 1

    async def _visit(self, url: str, last: str) -> None:
        query = {"epoch": self._place[0], "seq": self._place[1]} if self._place else {}
        viewer = await Viewer(url, self._stream, **query).open(open_timeout=60)
        await until_gone_or(viewer, lambda: viewer.seen("room:state"))
        if not (told := viewer.seen("room:state")):
            await viewer.close()
            raise OSError("the gateway went away before it let anybody in")
        state = told[0]["data"]
        if self._place:
            self.recovered.append(not viewer.seen("resume:truncated"))
        self.entered, self.viewer = True, viewer
        await until_gone_or(viewer, lambda: has_come(last, viewer.frames))
        self.viewer = None
        await viewer.close()
        self.frames += [frame for frame in viewer.frames if "seq" in frame]
        self._place = (state["epoch"], viewer.seqs[-1] if viewer.seqs else state["seq"])
        self.drained += [(frame["data"]["seq"], self._place[1]) for frame in viewer.seen("gateway:drain")]

    def break_off(self) -> bool:
        """Lose the connection without a word; False when there is none at the moment."""
        viewer, self.viewer = self.viewer, None
        if viewer is None or viewer.ws.state is not State.OPEN:
            return False
        viewer.ws.transport.abort()
        return True


async def until_gone_or(viewer: Viewer, holds: Callable[[], Any]) -> None:
    """Wait for the condition, or for the end of the connection."""
    done = asyncio.create_task(viewer.until(lambda _: holds(), 240))
    gone = asyncio.create_task(viewer.ws.wait_closed())
    await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
    for task in (done, gone):
        task.cancel()
    await asyncio.gather(done, gone, return_exceptions=True)
