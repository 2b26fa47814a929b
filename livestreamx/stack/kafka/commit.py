"""Group commit: all that was appended since the last fsync is made durable by one, and then acknowledged together.

A lone append is synced at once; under load one commit follows the other at the given interval.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from livestreamx.durable import sync_data


class Syncable(Protocol):
    """A file that is appended to."""

    closed: bool

    def begin_sync(self) -> tuple[int, Callable[[], None]]:
        """Descriptor to fsync, and what to call on the event loop once that succeeded."""


class GroupCommit:
    """Collects files that were written and fsyncs them together, at most once per `interval` seconds.

    `exclusive` is held during an fsync; whoever closes or replaces a file takes it.
    """

    def __init__(self, interval: float) -> None:
        self.exclusive = asyncio.Lock()
        self._interval = interval
        self._dirty: set[Syncable] = set()
        self._requested = asyncio.Event()
        self._committed = asyncio.Event()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")

    def request(self, written: Syncable | None = None) -> asyncio.Event:
        """The event that is set once everything written until now is durable; never set when an fsync fails."""
        if written is not None:
            self._dirty.add(written)
        self._requested.set()
        return self._committed

    async def run(self) -> None:
        """Commit until cancelled. Raises DurabilityLostError, after which nothing is acknowledged any more."""
        loop = asyncio.get_running_loop()
        while True:
            await self._requested.wait()
            started = loop.time()
            await self.commit()
            await asyncio.sleep(max(0.0, started + self._interval - loop.time()))

    async def commit(self) -> None:
        """Make everything written until now durable."""
        async with self.exclusive:
            self._requested.clear()
            written, self._dirty = self._dirty, set()
            committed, self._committed = self._committed, asyncio.Event()
            begun = [file.begin_sync() for file in written if not file.closed]
            try:
                await self._sync([descriptor for descriptor, _ in begun])
            except asyncio.CancelledError:
                self._dirty |= written
                raise
            for _, complete in begun:
                complete()
            committed.set()

    async def _sync(self, descriptors: list[int]) -> None:
        if descriptors:
            await asyncio.get_running_loop().run_in_executor(self._executor, _sync_all, descriptors)


def _sync_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        sync_data(descriptor)
