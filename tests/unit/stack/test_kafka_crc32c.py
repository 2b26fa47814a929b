"""CRC-32C against published values, and the folded form against the plain one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.stack.kafka.crc32c import crc32c


def crc32c_bit_by_bit(data: bytes) -> int:
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_published_values(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@given(length=st.integers(0, 40) | st.integers(2700, 2900) | st.integers(0, 40_000), seed=st.integers())
def test_every_length_agrees_with_the_definition(length: int, seed: int) -> None:
    data = random.Random(seed).randbytes(length)
    assert crc32c(data) == crc32c_bit_by_bit(data)
