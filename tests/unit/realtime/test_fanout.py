"""The fan-out over real sockets: one encoding, every frame once and in order, whoever is slow and whoever is not."""

import asyncio
from contextlib import AsyncExitStack
from socket import SocketType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.engines.bus import Frame
from livestreamx.observe.metrics import Metrics
from realtime import fanout
from realtime.codec import Codec, PackCodec
from realtime.connection import Connection
from realtime.fanout import Feed
from realtime.ring import Ring, SharedFrame
from realtime.wire import Close, Op
from tests.unit.realtime.peers import Peer, connected

TS = "2027-01-30T19:00:00Z"


def frame(seq: int, event: str = "chat:message", size: int = 1) -> SharedFrame:
    return SharedFrame(Frame(seq, event, TS, b'"%b"' % (b"x" * size)))


class House:
    """A ring with one feed, and connections to it."""

    def __init__(
        self,
        stack: AsyncExitStack,
        size: int = 500,
        channels: frozenset[str] | None = None,
        *,
        coalesce: bool = True,
    ) -> None:
        self.ring, self.codec, self._stack = Ring(size), Codec(), stack
        self.feed = Feed(self.ring, channels, self.codec, Metrics(), coalesce=coalesce)

    async def join(self, position: int = 0, *, direct: bool = True) -> tuple[Connection, Peer]:
        connection, _, peer = await self._stack.enter_async_context(connected())
        if not direct:
            assert connection.bare is not None
            connection.bare.detach()
            connection.bare = None
        self.feed.enter(connection)
        self.feed.release(connection, position)
        return connection, peer

    def say(self, count: int, size: int = 1, event: str = "chat:message") -> None:
        for _ in range(count):
            shared = frame(self.ring.top + 1, event, size)
            self.ring.append(shared)
            self.feed.append(shared)

    async def heard(self, peer: Peer) -> list[int]:
        """The seqs that a peer has got, up to the newest."""
        last = self.codec.seal_shared("chat:message", self.ring.top, TS, b'"x"')
        return [int(part.split(b",")[0]) for part in (await peer.stream_until(last)).split(b'"seq":')[1:]]


@given(st.integers(1, 20), st.integers(0, 60), st.integers(0, 70), st.integers(0, 70))
def test_a_ring_knows_what_it_holds(size: int, count: int, after: int, until: int) -> None:
    ring = Ring(size)
    for seq in range(1, count + 1):
        ring.append(frame(seq))
    held = list(range(max(1, count - size + 1), count + 1))
    assert ring.first == (held[0] if held else count + 1)
    assert ring.reaches(after) == (all(seq in held for seq in range(after + 1, count + 1)) and after <= count)
    assert [shared.frame.seq for shared in ring.between(after, until)] == [s for s in held if after < s <= until]


@given(st.integers(1, 10), st.lists(st.booleans(), max_size=60), st.integers(0, 60))
def test_a_ring_drops_nothing_but_chat_and_knows_when_it_would(size: int, chatty: list[bool], after: int) -> None:
    ring = Ring(size)
    for seq, chat in enumerate(chatty, 1):
        ring.append(frame(seq, "chat:message" if chat else "gift:received"))
    gone = range(1, ring.first)
    gifts = [seq for seq in gone if not chatty[seq - 1]]
    kept = gifts[-size:]
    assert [shared.frame.seq for shared in ring.kept(after)] == [seq for seq in kept if seq > after]
    assert ring.keeps(after) == (after <= ring.top and all(seq in kept for seq in gifts if seq > after))


@pytest.mark.parametrize("direct", [True, False])
async def test_everybody_gets_every_frame_once_in_order(direct: bool) -> None:
    async with AsyncExitStack() as stack:
        house = House(stack)
        peers = [(await house.join(direct=direct))[1] for _ in range(5)]
        for _ in range(20):
            house.say(3)
            await asyncio.sleep(0)
        for peer in peers:
            assert await house.heard(peer) == list(range(1, 61))


async def test_frames_of_one_pass_leave_in_one_write() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack)
        connection, peer = await house.join()
        house.say(10)
        assert connection.bare in house.feed.fast
        house.feed.flush()
        data = await asyncio.get_running_loop().sock_recv(peer.sock, 1 << 20)
        assert data.count(b'"seq"') == 10


async def test_after_several_frames_at_once_what_follows_waits_and_after_a_single_one_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fanout, "REST_FACTOR", 1e9)
    monkeypatch.setattr(fanout, "REST_SECONDS", 3600.0)
    async with AsyncExitStack() as stack:
        house = House(stack)
        _, peer = await house.join()
        for seq in (1, 2):
            house.say(1)
            assert await house.heard(peer) == [seq]
        house.say(2)
        assert await house.heard(peer) == [3, 4]
        house.say(1)
        for _ in range(10):
            await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            peer.sock.recv(1)
        house.feed.flush()
        assert await house.heard(peer) == [5]


@pytest.mark.parametrize("direct", [True, False])
async def test_a_reader_that_pauses_is_fed_from_the_ring_and_nobody_else_waits(direct: bool) -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, size=5000)
        slow, slow_peer = await house.join(direct=direct)
        _, quick_peer = await house.join()
        quick = asyncio.create_task(quick_peer.stream_until(b'"seq":3000,"ts":"%b","data":"x"}' % TS.encode()))
        for _ in range(299):
            house.say(10, size=1000)
            await asyncio.sleep(0)
        house.say(9, size=1000)
        house.say(1)
        assert (await quick).count(b'"seq"') == 3000
        assert slow in house.feed.behind
        assert slow.transport.get_write_buffer_size() < 200_000
        assert await house.heard(slow_peer) == list(range(1, 3001))
        assert slow not in house.feed.behind
        house.say(1)
        assert await house.heard(slow_peer) == [3001]


async def _overtaken(house: House) -> tuple[Connection, Peer, int]:
    """A reader that stopped reading; and the seq that it had been given by then."""
    slow, peer = await house.join()
    while slow not in house.feed.behind:
        house.say(10, size=1000)
        house.feed.flush()
    return slow, peer, slow.position


async def test_a_reader_whom_the_ring_has_overtaken_misses_chat_only_and_is_told() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, size=100)
        slow, peer, had = await _overtaken(house)
        said = house.ring.top
        for _ in range(40):
            house.say(9)
            house.say(1, event="gift:received")
        house.feed.flush()
        data = await peer.stream_until(house.codec.seal_shared("gift:received", house.ring.top, TS, b'"x"'))
        seqs = [int(part.split(b",")[0]) for part in data.split(b'"seq":')[1:]]
        overtaken = list(range(had + 1, house.ring.first))
        gifts = [seq for seq in overtaken if seq > said and (seq - said) % 10 == 0]
        assert seqs == [*range(1, had + 1), *gifts, *range(house.ring.first, house.ring.top + 1)]
        told = msgspec.json.decode(data[data.index(b'{"channel"') :].partition(b"}")[0] + b"}")
        count = len(overtaken) - len(gifts)
        assert told == {"channel": "chat", "count": count, "fromSeq": had + 1, "toSeq": overtaken[-1]}
        assert slow.bare in house.feed.fast


async def test_who_would_miss_a_gift_is_closed_with_the_reason() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, size=100)
        slow, peer, _ = await _overtaken(house)
        house.say(201, event="gift:received")
        house.feed.flush()
        data = await peer.stream_until(b"too slow")
        assert Close.TOO_SLOW.to_bytes(2, "big") + b"too slow" in data
        assert b"gift:received" not in data
        assert slow.feed is None
        assert house.feed.is_empty


class Counted:
    """A connection's socket that counts what is written to it."""

    def __init__(self, bare: SocketType) -> None:
        self._bare, self.sizes = bare, list[int]()

    def send(self, data: bytes) -> int:
        self.sizes.append(len(data))
        return self._bare.send(data)


async def test_without_coalescing_each_frame_leaves_by_itself_once_the_bus_was_asked_for_more() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, coalesce=False)
        connection, peer = await house.join()
        assert connection.bare is not None
        counted = Counted(connection.bare)
        house.feed.fast = {counted: connection}  # type: ignore[dict-item]
        house.say(3)
        assert not counted.sizes
        assert await house.heard(peer) == [1, 2, 3]
        assert counted.sizes == [len(frame(1).sealed(house.codec))] * 3


async def test_without_coalescing_a_reader_that_stalls_between_two_frames_misses_none() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, size=5000, coalesce=False)
        slow, peer = await house.join()
        house.say(3000, size=1000)
        house.feed.flush()
        assert slow in house.feed.behind
        house.say(1)
        assert await house.heard(peer) == list(range(1, 3002))


async def test_who_is_held_gets_nothing_until_released_and_then_what_followed() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack)
        connection, peer = await house.join()
        house.say(3)
        house.feed.hold(connection)
        assert connection.position == 3
        house.say(4)
        house.feed.flush()
        assert await peer.stream_until(b'"seq":3,"ts":"%b","data":"x"}' % TS.encode())
        house.feed.release(connection, 3)
        assert await house.heard(peer) == [4, 5, 6, 7]


@pytest.mark.parametrize("direct", [True, False])
async def test_who_is_held_while_frames_are_more_than_it_takes_has_its_place_where_it_was_cut(direct: bool) -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, size=5000)
        connection, peer = await house.join(direct=direct)
        house.say(3000, size=1000)
        house.feed.hold(connection)
        had = connection.position
        assert 0 < had < 3000
        assert connection.transport.get_write_buffer_size() < 200_000, "the ring keeps the rest, not the transport"
        await peer.stream_until(house.codec.seal_shared("chat:message", had, TS, b'"%b"' % (b"x" * 1000)))
        house.say(1)
        house.feed.release(connection, had)
        assert await house.heard(peer) == list(range(had + 1, 3002))


async def test_a_view_gets_its_channels_only() -> None:
    async with AsyncExitStack() as stack:
        house = House(stack, channels=frozenset({"chat"}))
        _, peer = await house.join()
        for event in ("viewer:count", "chat:message", "mood:state", "never:heard-of", "chat:message"):
            house.say(1, event=event)
        assert await house.heard(peer) == [2, 5]
        _, late = await house.join(position=1)
        assert await house.heard(late) == [2, 5]


def test_a_frame_is_encoded_once_for_each_encoding() -> None:
    shared, text, packed = frame(7), Codec(), PackCodec()
    assert shared.sealed(text) is shared.sealed(text)
    assert shared.sealed(packed) is shared.sealed(packed)
    payload = shared.sealed(packed)[2:]
    assert shared.sealed(packed)[0] & 15 == Op.BINARY
    assert msgspec.msgpack.decode(payload) == msgspec.json.decode(shared.sealed(text)[2:])
