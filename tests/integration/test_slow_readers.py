"""Readers that do not read: in time they miss nothing, later they are told or closed; and nobody else waits."""

import pytest
from redis.asyncio import Redis as AsyncRedis

from livestreamx.engines.bus import RoomBus
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.gateways import Viewer, metric
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")

TEXT = "x" * 4000


class Paused:
    """A viewer who stops reading, in a room where somebody else reads on."""

    def __init__(self, show: Show, redis: AsyncRedis, healthy: Viewer, reader: Viewer) -> None:
        self.show, self.healthy, self.reader = show, healthy, reader
        self._bus = RoomBus(redis)
        self._said = 0

    async def say(self, count: int, event: str = "chat:message") -> None:
        """So many frames, each of which the healthy one has before long."""
        for number in range(count):
            self._said += 1
            await self._bus.publish(self.show.stream, event, {"text": f"{self._said} {TEXT}"})
            if number % 50 == 49:
                await self.healthy.until(lambda v, last=f"{self._said} {TEXT}": self._has(v, last), 5)

    def _has(self, viewer: Viewer, text: str) -> bool:
        return any(frame["data"].get("text") == text for frame in reversed(viewer.frames[-60:]))

    async def read_on(self) -> None:
        """Read again, until everything is there."""
        await self._bus.publish(self.show.stream, "gift:received", {"text": "the end"})
        self.reader.ws.transport.resume_reading()
        for viewer in (self.healthy, self.reader):
            await viewer.until(lambda v: self._has(v, "the end"), 10)


@pytest.fixture
async def paused(show: Show, redis: AsyncRedis) -> Paused:
    healthy = await show.enter()
    reader = await Viewer(show.url, show.stream).open(max_queue=1)
    for viewer in (healthy, reader):
        await viewer.first("room:state")
    reader.ws.transport.pause_reading()
    return Paused(show, redis, healthy, reader)


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
    await eventually(closed, lambda count: count > before, 12)
    paused.reader.ws.transport.resume_reading()
    assert await paused.reader.closed(10) in (4408, 1006)
    seqs = paused.reader.seqs
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    await paused.say(50)
