"""CRC-32C (Castagnoli), the checksum of Kafka record batches, which no library of ours offers.

A CRC is linear over GF(2): "advance this state over k zero bytes" is a table look-up, so numpy folds long inputs.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_POLYNOMIAL: Final = 0x82F63B78
_ROW_WORDS: Final = 2048  # a power of two: rows of 8 KiB fold into one row, one row folds into a word
_SHORT_WORDS: Final = 700  # up to which the plain loop is faster than numpy's calls


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """CRC-32C of `data` as an unsigned 32-bit integer (RFC 3720, appendix B.4)."""
    if len(data) < 4:
        return _crc_by_bytes(data)
    padding = -len(data) % 4
    # Leading zeros leave a zero state alone, and an initial state of all ones equals inverting the first four bytes.
    padded = bytearray(padding) + data
    for position in range(padding, padding + 4):
        padded[position] ^= 0xFF
    words = np.frombuffer(padded, dtype="<u4")
    if len(words) <= _SHORT_WORDS:
        return _crc_by_words(words) ^ 0xFFFFFFFF
    return _advance_word(_fold(_fold_rows(words))) ^ 0xFFFFFFFF


def _crc_by_bytes(data: bytes | bytearray | memoryview) -> int:
    table = _byte_table()
    state = 0xFFFFFFFF
    for byte in data:
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state ^ 0xFFFFFFFF


def _crc_by_words(words: Words) -> int:
    low, high = _word_tables()
    state = 0
    for word in words.tolist():
        state ^= word
        state = low[state & 0xFFFF] ^ high[state >> 16]
    return state


def _fold_rows(words: Words) -> Words:
    """XOR all rows into one of `_ROW_WORDS` words, each advanced to the last row's place in the message."""
    first = len(words) % _ROW_WORDS
    row: Words = np.zeros(_ROW_WORDS, dtype=np.uint32)
    if first:
        row[_ROW_WORDS - first :] = words[:first]
    low, high = _row_tables()
    for start in range(first, len(words), _ROW_WORDS):
        row = low[row & 0xFFFF] ^ high[row >> 16] ^ words[start : start + _ROW_WORDS]
    return row


def _fold(row: Words) -> int:
    while (half := len(row) // 2) >= 1:
        tables = _fold_tables(half)
        octets = np.ascontiguousarray(row[:half]).view(np.uint8).reshape(-1, 4)
        advanced = tables[0][octets[:, 0]] ^ tables[1][octets[:, 1]] ^ tables[2][octets[:, 2]] ^ tables[3][octets[:, 3]]
        row = advanced ^ row[half:]
    return int(row[0])


def _advance_word(state: int) -> int:
    table = _byte_table()
    for _ in range(4):
        state = table[state & 0xFF] ^ (state >> 8)
    return state


@cache
def _byte_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        state = byte
        for _ in range(8):
            state = (state >> 1) ^ (_POLYNOMIAL if state & 1 else 0)
        table.append(state)
    return tuple(table)


@cache
def _advance_basis(words: int) -> tuple[int, ...]:
    """What each of the 32 single-bit states becomes after `words` (a power of two) words of zeros."""
    if words == 1:
        return tuple(_advance_word(1 << bit) for bit in range(32))
    half = _advance_basis(words // 2)
    return tuple(_apply(half, image) for image in half)


def _apply(basis: tuple[int, ...], state: int) -> int:
    result = 0
    for bit, image in enumerate(basis):
        if state >> bit & 1:
            result ^= image
    return result


def _span(images: tuple[int, ...]) -> Words:
    """Table of every XOR combination of `images`, indexed by the bits that choose them."""
    table: Words = np.zeros(1, dtype=np.uint32)
    for image in images:
        table = np.concatenate([table, table ^ np.uint32(image)])
    return table


@cache
def _word_tables() -> tuple[list[int], list[int]]:
    basis = _advance_basis(1)
    return _span(basis[:16]).tolist(), _span(basis[16:]).tolist()


@cache
def _row_tables() -> tuple[Words, Words]:
    basis = _advance_basis(_ROW_WORDS)
    return _span(basis[:16]), _span(basis[16:])


@cache
def _fold_tables(words: int) -> tuple[Words, ...]:
    basis = _advance_basis(words)
    return tuple(_span(basis[shift : shift + 8]) for shift in (0, 8, 16, 24))
