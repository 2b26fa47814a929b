"""What the server writes and reads is what an independent implementation of RFC 6455 reads and writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.base import Extension
from websockets.frames import Frame, Opcode

from realtime.wire import Close, Op, ProtocolError, read_close, read_header, seal, seal_close

NO_EXTENSIONS: list[Extension] = []
SIZES = st.one_of(st.integers(0, 300), st.sampled_from((125, 126, 127, 65535, 65536, 70000)))


@given(SIZES, st.sampled_from((Op.TEXT, Op.BINARY)))
def test_a_sealed_frame_is_the_frame_of_the_standard(size: int, op: Op) -> None:
    payload = b"x" * size
    assert seal(payload, op) == Frame(Opcode(op), payload).serialize(mask=False, extensions=NO_EXTENSIONS)


@given(SIZES, st.sampled_from(Opcode), st.booleans(), st.binary(max_size=5))
def test_the_header_of_a_masked_frame_is_read_as_it_was_written(
    size: int, opcode: Opcode, final: bool, before: bytes
) -> None:
    if opcode in (Opcode.CLOSE, Opcode.PING, Opcode.PONG):
        size, final = min(size, 125), True
    data = before + Frame(opcode, b"x" * size, fin=final).serialize(mask=True, extensions=NO_EXTENSIONS)
    header = read_header(data, len(before))
    assert header is not None
    assert (header.op, header.final, header.length) == (opcode, final, size)
    assert header.mask_at + 4 + size == len(data)


@pytest.mark.parametrize("size", [5, 200, 70000])
def test_a_header_that_is_not_all_there_is_waited_for(size: int) -> None:
    data = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True, extensions=NO_EXTENSIONS)
    head = len(data) - size - 4
    assert all(read_header(data[:cut], 0) is None for cut in range(head))
    assert read_header(data[:head], 0) is not None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x81\x05hello", "masked"),
        (b"\xc1\x85", "reserved"),
        (b"\x83\x85", "opcode"),
        (b"\x89\xfe\x00\x80", "control"),
        (b"\x09\x80", "control"),
        (b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00", "impossible"),
    ],
)
def test_illegal_headers_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        read_header(data, 0)


def test_close_codes_are_echoed_when_legal() -> None:
    assert read_close(b"") == Close.NO_STATUS
    assert seal_close(Close.NO_STATUS) == b"\x88\x00"
    assert read_close((1000).to_bytes(2, "big") + "tschüss".encode()) == 1000
    assert len(seal_close(4000, "ü" * 200)) <= 2 + 125
    for payload in (b"\x03", (1005).to_bytes(2, "big"), (2999).to_bytes(2, "big"), b"\x03\xe8\xff"):
        with pytest.raises(ProtocolError):
            read_close(payload)
