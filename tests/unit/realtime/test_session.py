"""A session whose client sends more than anybody reads: slowed down, and closed when it goes on."""

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from websockets.frames import Opcode

from domain.streams.model import Stream
from livestreamx.clock import now, uuid7
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from realtime import session as sessions
from realtime.codec import Codec
from realtime.rooms import Room
from realtime.session import Desk, Session, Visitor
from realtime.wire import Close
from tests.unit.realtime.peers import connected, masked

NONSENSE = masked(Opcode.TEXT, b'{"event":"nonsense"}')


def make_room(metrics: Metrics) -> Room:
    """A private one, which nobody enters before signing in."""
    stream = Stream(
        id=uuid7(),
        creator_id=uuid7(),
        creator="ada",
        title="Chess",
        category="",
        tags=(),
        language="",
        visibility="private",
        mature=False,
        status="live",
        scheduled_at=None,
        started_at=now(),
        ended_at=None,
        created_at=now(),
    )
    return Room(stream, Settings(), Redis(), metrics)


async def never(*_: Any) -> None:
    raise AssertionError("nobody joins here")


async def test_a_flood_that_does_not_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "FRAMES_PER_SECOND", 1.0)
    monkeypatch.setattr(sessions, "FRAMES_BURST", 3.0)
    monkeypatch.setattr(sessions, "MOST_SLOWED", 1)
    metrics, tasks = Metrics(), set[asyncio.Task[None]]()
    desk = Desk({}, never, never, lambda _: None, lambda work: tasks.add(asyncio.create_task(work)), metrics)
    session = Session(desk, make_room(metrics), Codec(), None, Visitor("a", "", ""), view="/ws")
    async with connected() as (connection, heard, peer):
        connection.listener = session
        session.start(connection, None)
        await peer.send(NONSENSE * 40)
        answers, began = 0, time.monotonic()
        while (frame := await peer.frame())[0] == Opcode.TEXT:
            answers += 1
        assert 4 <= answers <= 4 + (time.monotonic() - began), "the burst, and one that was slowed down"
        assert (frame[0], int.from_bytes(frame[1][:2], "big")) == (Opcode.CLOSE, Close.POLICY)
        await asyncio.gather(*tasks)
        connection.listener = heard
