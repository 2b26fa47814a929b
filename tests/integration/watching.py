"""Somebody in the room of a running platform, and what they saw."""

from typing import Any

import httpx

from livestreamx.client import Room
from tests.builders import eventually


class Watcher:
    """Somebody in the room who remembers what was shown."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def seen(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        return [
            frame["data"]
            for frame in self.frames
            if frame["event"] == event and fields.items() <= frame["data"].items()
        ]

    async def wait(self, event: str, seconds: float = 60, **fields: Any) -> dict[str, Any]:
        async def read() -> list[dict[str, Any]]:
            return self.seen(event, **fields)

        return (await eventually(read, bool, seconds))[0]


async def state_for_newcomer(http: httpx.AsyncClient, stream: str) -> dict[str, Any]:
    watcher = Watcher()
    async with Room(str(http.base_url), stream, on_frame=watcher.frames.append):
        return await watcher.wait("room:state")
