"""A connection over a real socket pair: what it delivers, what it refuses with which code, when it stops reading."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from realtime import connection as connections
from realtime.connection import MESSAGE_BYTES, NOISE
from realtime.wire import Close, Header
from tests.unit.realtime.peers import Peer, connected, masked

PIECES = st.lists(st.lists(st.binary(max_size=200), min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PIECES, st.lists(st.integers(1, 400), max_size=12))
def test_messages_arrive_whole_and_in_order_however_they_are_cut(messages: list[list[bytes]], cuts: list[int]) -> None:
    """Fragments, pings between them, and TCP chunks of any size."""

    async def run() -> None:
        stream = b""
        for pieces in messages:
            for number, piece in enumerate(pieces):
                op = Opcode.BINARY if number == 0 else Opcode.CONT
                stream += masked(op, piece, final=number == len(pieces) - 1) + masked(Opcode.PING, b"p")
        async with connected() as (_, heard, peer):
            for cut in cuts:
                await peer.send(stream[:cut])
                await asyncio.sleep(0)
                stream = stream[cut:]
            await peer.send(stream)
            await heard.until(messages=len(messages))
            assert heard.messages == [(b"".join(pieces), True) for pieces in messages]

    asyncio.run(run())


async def test_a_ping_is_answered_and_an_unasked_pong_ignored() -> None:
    async with connected() as (_, _heard, peer):
        await peer.send(masked(Opcode.PONG, b"?") + masked(Opcode.PING, b"are you there"))
        assert await peer.frame() == (Opcode.PONG, b"are you there")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (Frame(Opcode.TEXT, b"hi").serialize(mask=False, extensions=[]), Close.PROTOCOL_ERROR),
        (masked(Opcode.CONT, b"hi"), Close.PROTOCOL_ERROR),
        (masked(Opcode.TEXT, b"a", final=False) + masked(Opcode.TEXT, b"b"), Close.PROTOCOL_ERROR),
        (masked(Opcode.CLOSE, b"\x01"), Close.PROTOCOL_ERROR),
        (masked(Opcode.TEXT, b"\xff\xfe"), Close.NOT_UTF8),
        (masked(Opcode.TEXT, "ü".encode()[:1], final=False) + masked(Opcode.CONT, b"x"), Close.NOT_UTF8),
        (masked(Opcode.TEXT, b"x" * (MESSAGE_BYTES + 1)), Close.TOO_BIG),
        (masked(Opcode.TEXT, b"x" * MESSAGE_BYTES, final=False) + masked(Opcode.CONT, b"y"), Close.TOO_BIG),
    ],
    ids="unmasked orphan interleaved short-close not-utf8 split-not-utf8 too-big too-big-in-parts".split(),
)
async def test_what_is_illegal_ends_the_connection_with_its_code(data: bytes, code: Close) -> None:
    async with connected() as (connection, heard, peer):
        await peer.send(data)
        assert await peer.close_code() == code
        assert connection.closing
        assert not heard.messages


async def test_text_split_inside_a_character_is_whole_again() -> None:
    async with connected() as (_, heard, peer):
        text = "grüße 👋".encode()
        await peer.send(masked(Opcode.TEXT, text[:3], final=False) + masked(Opcode.CONT, text[3:]))
        await heard.until(messages=1)
        assert heard.messages == [(text, False)]


async def test_the_rest_of_a_message_that_is_too_big_is_passed_over_until_the_peer_closes() -> None:
    async with connected() as (_, heard, peer):
        await peer.send(masked(Opcode.BINARY, b"x" * 1_000_000) + masked(Opcode.CLOSE, (1009).to_bytes(2, "big")))
        assert await peer.close_code() == Close.TOO_BIG
        assert (await peer.frame())[0] == -1
        await heard.until(ends=1)
        assert not heard.messages


async def test_a_close_is_echoed_and_ends_the_stream() -> None:
    async with connected() as (_, heard, peer):
        await peer.send(masked(Opcode.CLOSE, (1001).to_bytes(2, "big") + b"bye"))
        assert await peer.close_code() == 1001
        assert (await peer.frame())[0] == -1
        await heard.until(ends=1)


async def test_a_busy_listener_gets_nothing_more_until_it_says_so() -> None:
    async with connected() as (connection, heard, peer):
        frames = [masked(Opcode.TEXT, str(number).encode()) for number in range(50)]
        await peer.send(frames[0])
        await heard.until(messages=1)
        connection.set_busy(True)
        await peer.send(b"".join(frames[1:]))
        await peer.send(masked(Opcode.PING, b""))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await peer.frame()
        assert len(heard.messages) == 1
        connection.set_busy(False)
        assert await peer.frame() == (Opcode.PONG, b"")
        assert [int(text) for text, _ in heard.messages] == list(range(50))


async def test_a_listener_that_gets_busy_inside_a_chunk_gets_the_rest_later() -> None:
    async with connected() as (connection, heard, peer):
        take = heard.receive

        def take_one(message: bytes, binary: bool) -> None:
            take(message, binary)
            connection.set_busy(True)

        heard.receive = take_one  # type: ignore[method-assign]
        await peer.send(b"".join(masked(Opcode.TEXT, b"%d" % number) for number in range(5)))
        for number in range(1, 6):
            await heard.until(messages=number)
            assert len(heard.messages) == number
            connection.set_busy(False)
        assert [text for text, _ in heard.messages] == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_peer_that_lets_answers_pile_up_is_read_no_more_and_then_closed() -> None:
    async with connected() as (connection, heard, peer):
        piece = b"\x82\x7e\xff\xff" + b"x" * 65535
        while not connection.stalled_at:
            connection.send(piece)
        await peer.send(masked(Opcode.TEXT, b"hello?"))
        await asyncio.sleep(0.05)
        assert not heard.messages
        while not connection.closing:
            connection.send(piece)
        # what was written before stays in order, and the close frame is the last of it
        data = b""
        while chunk := await asyncio.get_running_loop().sock_recv(peer.sock, 1 << 20):
            data += chunk
        tail = data[len(data) // len(piece) * len(piece) :]
        assert data[: len(piece)] == piece
        assert int.from_bytes(tail[2:4], "big") == Close.TOO_SLOW


async def test_closing_twice_says_it_once() -> None:
    async with connected() as (connection, _, peer):
        connection.close(4404, "gone")
        connection.close(1000)
        connection.send(b"never")
        assert await peer.close_code() == 4404
        await peer.send(masked(Opcode.CLOSE, (4404).to_bytes(2, "big")))
        assert (await peer.frame())[0] == -1


async def send_on(peer: Peer, frame: bytes) -> None:
    """The same frame again and again, as fast as it is taken."""
    while True:
        await peer.send(frame * max(1, 65536 // len(frame)))


@pytest.mark.parametrize(
    "frame",
    [masked(Opcode.TEXT, b'{"event":"nonsense","data":{}}'), masked(Opcode.BINARY, b"x" * 1_000_000)],
    ids=["many", "large"],
)
async def test_who_sends_on_and_on_after_our_close_frame_is_read_no_more(
    frame: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CLOSING_SECONDS", 60.0)
    looked_at = 0
    read_header = connections.read_header

    def count(data: bytes, at: int) -> Header | None:
        nonlocal looked_at
        looked_at += 1
        return read_header(data, at)

    monkeypatch.setattr(connections, "read_header", count)
    async with connected() as (connection, heard, peer):
        connection.close(Close.POLICY, "too many messages")
        sending = asyncio.create_task(send_on(peer, frame))
        async with asyncio.timeout(30):
            while connection.transport.is_reading():
                await asyncio.sleep(0.01)
        sending.cancel()
        assert looked_at <= NOISE + 1, "each frame costs what it takes to look at it"
        assert not heard.messages
        assert await peer.close_code() == Close.POLICY


async def test_the_answer_to_a_close_frame_is_heard_behind_what_was_under_way() -> None:
    async with connected() as (connection, heard, peer):
        connection.close(Close.RESTART, "restart")
        await peer.send(masked(Opcode.TEXT, b"{}") * 30 + masked(Opcode.CLOSE, (1012).to_bytes(2, "big")))
        assert await peer.close_code() == Close.RESTART
        assert (await peer.frame())[0] == -1
        await heard.until(ends=1)
        assert not heard.messages


async def test_the_descriptor_is_the_sockets_own() -> None:
    async with connected() as (connection, _, peer):
        assert connection.bare is not None
        connection.bare.send(b"\x81\x02hi")
        assert await peer.frame() == (Opcode.TEXT, b"hi")
