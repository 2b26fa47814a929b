"""Readers that do not read: in time they miss nothing, later they are told or closed; and nobody else waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis import Redis

from livestreamx.engines.bus import PlainRoomBus
from livestreamx.engines.redis import connect_plain
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.gateways import Viewer, metric
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")

TEXT = "x" * 4000
AT_ONCE = 100
"""Frames that are told together: who reads nothing is let go after five seconds, and most tests are over by then."""


class Paused:
    """A viewer who stops reading, in a room where somebody else reads on."""

    def __init__(self, show: Show, redis: Redis, healthy: Viewer, reader: Viewer) -> None:
        self.show, self.healthy, self.reader = show, healthy, reader
        self._bus = PlainRoomBus(redis)
        self._said = 0

    async def say(self, count: int, event: str = "chat:message") -> None:
        """So many frames, each of which the healthy one has before long."""
        texts = [f"{number} {TEXT}" for number in range(self._said + 1, self._said + 1 + count)]
        self._said += count
        for first in range(0, count, AT_ONCE):
            some = texts[first : first + AT_ONCE]
            told = [(self.show.stream, event, {"text": text}, None) for text in some]
            await asyncio.to_thread(self._bus.publish_all, told)
            await self.healthy.until(lambda v, last=some[-1]: self._has(v, last))

    def _has(self, viewer: Viewer, text: str) -> bool:
        return any(frame["data"].get("text") == text for frame in reversed(viewer.frames[-60:]))

    async def read_on(self) -> None:
        """Read again, until everything is there."""
        await asyncio.to_thread(self._bus.publish_all, [(self.show.stream, "gift:received", {"text": "the end"}, None)])
        self.reader.ws.transport.resume_reading()
        for viewer in (self.healthy, self.reader):
            await viewer.until(lambda v: self._has(v, "the end"))


@pytest.fixture
async def paused(show: Show, settings: Settings) -> AsyncIterator[Paused]:
    healthy = await show.enter()
    reader = await Viewer(show.url, show.stream).open(max_queue=1)
    for viewer in (healthy, reader):
        await viewer.first("room:state")
    reader.ws.transport.pause_reading()
    with connect_plain(settings.redis_url) as redis:
        yield Paused(show, redis, healthy, reader)


async def test_who_comes_back_within_the_history_misses_nothing(paused: Paused, settings: Settings) -> None:
    await paused.say(settings.history_frames - 50)
    await paused.read_on()
    assert not paused.reader.seen("frames:dropped")
    assert paused.reader.seqs == list(range(paused.reader.seqs[0], paused.healthy.seqs[-1] + 1))


async def test_who_comes_back_later_misses_chat_only_and_is_told_which(paused: Paused, settings: Settings) -> None:
    for _ in range(4):
        await paused.say(settings.history_frames // 2)
        await paused.say(5, "gift:received")
    await paused.read_on()
    reader, healthy = paused.reader, paused.healthy
    told = [frame["data"] for frame in reader.seen("frames:dropped")]
    assert told
    missing = set(healthy.seqs) - set(reader.seqs)
    assert sum(gap["count"] for gap in told) == len(missing)
    assert all(any(gap["fromSeq"] <= seq <= gap["toSeq"] for gap in told) for seq in missing)
    assert reader.seqs == sorted(set(reader.seqs))
    kinds = {frame["seq"]: frame["event"] for frame in healthy.frames if "seq" in frame}
    assert {kinds[seq] for seq in missing} == {"chat:message"}


async def test_who_never_reads_is_closed_with_the_reason(paused: Paused) -> None:
    async def closed() -> float:
        return await metric(paused.show.url, 'ws_drops_total{reason="too_slow"}')

    before = await closed()
    await paused.say(300)
    await eventually(closed, lambda count: count > before)
    paused.reader.ws.transport.resume_reading()
    assert await paused.reader.closed() in (4408, 1006)
    seqs = paused.reader.seqs
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    await paused.say(50)
