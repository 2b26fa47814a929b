"""A picture as a PNG of 256 colours: a third of the weight of a screenshot, and hard to tell from it."""

import struct
import zlib
from typing import Any

import numpy as np

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
COLOURS = 256
KEEN = 3
"""Bits dropped from each channel to find the colours that matter."""
FLAT = 500
"""A colour that covers more than one in so many pixels is a surface, which stays clean; all else is dithered."""
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.5


def dither(picture: Pixels) -> Pixels:
    """The picture (height x width x 3) with an ordered pattern where colours run into each other."""
    height, width, _ = picture.shape
    exact = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    _, where, counts = np.unique(exact, return_inverse=True, return_counts=True)
    runs = (counts < exact.size / FLAT)[where].reshape(height, width)
    pattern = np.tile(BAYER * (1 << KEEN), (height // 4 + 1, width // 4 + 1))[:height, :width]
    moved = picture + (pattern * runs)[..., None]
    return np.asarray(np.clip(moved, 0, 255).astype(np.uint8))


def choose_colours(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """The palette (256 x 3) and, for every pixel (n x 3), its index in it."""
    keys = (pixels >> KEEN).astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    names, where, counts = np.unique(keys, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(where, pixels[:, channel]) for channel in range(3)], axis=1)
    means = sums / counts[:, None]
    # Each pick is the bucket that the palette serves worst so far, weighed by the root of its uses.
    weight, chosen = np.sqrt(counts), [int(counts.argmax())]
    distance = ((means - means[chosen[0]]) ** 2).sum(axis=1)
    nearest = np.zeros(len(names), np.uint8)
    for index in range(1, min(COLOURS, len(names))):
        chosen.append(int((distance * weight).argmax()))
        closer = ((means - means[chosen[-1]]) ** 2).sum(axis=1)
        nearest[closer < distance] = index
        distance = np.minimum(distance, closer)
    palette = np.zeros((COLOURS, 3), np.uint8)
    palette[: len(chosen)] = means[chosen].round()
    return palette, nearest[where.ravel()]


def write_png(picture: Pixels) -> bytes:
    """The PNG of a picture (height x width x 3)."""
    height, width, _ = picture.shape
    palette, indexes = choose_colours(dither(picture).reshape(-1, 3))
    rows = np.zeros((height, 1 + width), np.uint8)
    rows[:, 1:] = indexes.reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
