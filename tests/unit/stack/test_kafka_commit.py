"""The group commit acknowledges only what an fsync covered."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from livestreamx.durable import DurabilityLostError
from livestreamx.stack.kafka.commit import GroupCommit


class SyncedFile:
    """A file that counts how often it was made durable."""

    def __init__(self, descriptor: int) -> None:
        self.closed = False
        self.commits = 0
        self._descriptor = descriptor

    def begin_sync(self) -> tuple[int, Callable[[], None]]:
        return self._descriptor, self._complete

    def _complete(self) -> None:
        self.commits += 1


async def test_what_was_written_together_is_committed_once(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    file, commit = SyncedFile(descriptor), GroupCommit(interval=0.001)
    running = asyncio.create_task(commit.run())
    waits = [commit.request(file).wait() for _ in range(10)]
    async with asyncio.timeout(60):
        await asyncio.gather(*waits)
        assert file.commits == 1
        await commit.request(file).wait()
        assert file.commits == 2
    running.cancel()
    os.close(descriptor)


async def test_a_request_without_news_is_answered_too() -> None:
    commit = GroupCommit(interval=0.001)
    running = asyncio.create_task(commit.run())
    async with asyncio.timeout(60):
        await commit.request().wait()
    running.cancel()


async def test_a_failed_fsync_acknowledges_nothing() -> None:
    unsyncable, writing_end = os.pipe()
    file, commit = SyncedFile(unsyncable), GroupCommit(interval=0.001)
    durable = commit.request(file)
    with pytest.raises(DurabilityLostError):
        await commit.run()
    assert not durable.is_set()
    assert file.commits == 0
    os.close(unsyncable)
    os.close(writing_end)
