"""Generated pictures: a stream's poster and a person's avatar, the same for the same name on every machine.

A picture is a function of its seed alone, so its address can be cached for ever.
"""

import math
import re
import struct
import zlib
from collections.abc import Callable
from hashlib import blake2s

import numpy as np

WIDTH, HEIGHT = 640, 360
SHARE_WIDTH, SHARE_HEIGHT = 1200, 630
PALETTES = (
    (262, 322, 28),
    (225, 190, 168),
    (345, 14, 40),
    (248, 205, 318),
    (205, 262, 330),
    (300, 342, 22),
    (182, 214, 268),
    (16, 338, 276),
    (232, 280, 352),
    (170, 200, 232),
)
"""Hues that go well together: the base, the far corner, and the light that falls on them."""
SEED = re.compile(r"[0-9a-f]{16}")


def poster_seed(title: str, category: str) -> str:
    """16 hex digits: 4 of the category, which gives hue and motif, then 12 of the title, which gives the rest."""
    kind = blake2s(category.strip().lower().encode(), digest_size=2).hexdigest()
    return kind + blake2s(title.encode(), digest_size=6).hexdigest()


class Chance:
    """A reproducible row of numbers from a seed."""

    def __init__(self, seed: str) -> None:
        self._bytes = blake2s(seed.encode()).digest() * 4
        self._at = 0

    def between(self, low: float, high: float) -> float:
        self._at += 1
        return low + (high - low) * self._bytes[self._at % len(self._bytes)] / 255


def hues(seed: str) -> tuple[float, float, float]:
    """The hues of a poster (degrees) from dark to bright: categories differ, titles of one category stay kin."""
    first, second, third = PALETTES[int(seed[:4], 16) // len(MOTIFS) % len(PALETTES)]
    chance = Chance(seed)
    return first + chance.between(-10, 10), second + chance.between(-12, 12), third + chance.between(-8, 8)


def rings(chance: Chance) -> str:
    x, y = chance.between(360, 600), chance.between(60, 300)
    return "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{30 + step * chance.between(30, 38):.0f}" fill="none" stroke="#fff"'
        f' stroke-width="{chance.between(1.5, 14):.1f}" opacity="{0.34 - step * 0.035:.2f}"/>'
        for step in range(8)
    )


def bars(chance: Chance) -> str:
    lean = chance.between(-36, 36)
    return f'<g transform="skewX({lean:.0f})">' + "".join(
        f'<rect x="{-120 + step * 58:.0f}" y="-10" width="{chance.between(6, 46):.0f}" height="380" fill="#fff"'
        f' opacity="{chance.between(0.03, 0.24):.2f}"/>'
        for step in range(16)
    ) + "</g>"  # fmt: skip


def dots(chance: Chance) -> str:
    x, y = chance.between(120, 560), chance.between(40, 320)
    found = []
    for column in range(22):
        for row in range(12):
            at_x, at_y = 20 + column * 29, 20 + row * 29
            radius = 11 * math.exp(-(((at_x - x) ** 2 + (at_y - y) ** 2) / 34000))
            if radius > 0.9:
                found.append(f'<circle cx="{at_x}" cy="{at_y}" r="{radius:.1f}"/>')
    return f'<g fill="#fff" opacity="0.36">{"".join(found)}</g>'


def waves(chance: Chance) -> str:
    found = []
    for step in range(6):
        y = 110 + step * 46
        lift = chance.between(28, 92)
        found.append(
            f'<path d="M-10 {y}C150 {y - lift:.0f} 210 {y + lift:.0f} 340 {y}S560 {y - lift:.0f} 660 {y}V370H-10z"'
            f' fill="#fff" opacity="{0.05 + step * 0.022:.2f}"/>'
        )
    return "".join(found)


def peaks(chance: Chance) -> str:
    found = []
    for step in range(4):
        base = 220 + step * 40
        points = " ".join(f"{x},{base - chance.between(0, 150 - step * 26):.0f}" for x in range(-40, 721, 95))
        found.append(f'<polygon points="-40,370 {points} 720,370" fill="#fff" opacity="{0.07 + step * 0.03:.2f}"/>')
    return "".join(found)


MOTIFS: tuple[Callable[[Chance], str], ...] = (rings, bars, dots, waves, peaks)


def poster(seed: str) -> str:
    """The poster as an SVG document, 640 x 360."""
    chance, (base, far, light) = Chance(seed), hues(seed)
    glows = "".join(
        f'<circle cx="{chance.between(0, WIDTH):.0f}" cy="{chance.between(0, HEIGHT):.0f}"'
        f' r="{chance.between(150, 270):.0f}" fill="url(#{name})"/>'
        for name in ("g", "h", "g")
    )
    motif = MOTIFS[int(seed[:4], 16) % len(MOTIFS)](chance)
    stops = (
        f'<linearGradient id="b" gradientTransform="rotate({chance.between(15, 75):.0f} .5 .5)">'
        f'<stop stop-color="hsl({base:.0f} 66% 26%)"/><stop offset="1" stop-color="hsl({far:.0f} 70% 46%)"/>'
        "</linearGradient>"
        f'<radialGradient id="g"><stop stop-color="hsl({light:.0f} 92% 62%)" stop-opacity=".8"/>'
        f'<stop offset="1" stop-color="hsl({light:.0f} 92% 62%)" stop-opacity="0"/></radialGradient>'
        f'<radialGradient id="h"><stop stop-color="hsl({far:.0f} 88% 56%)" stop-opacity=".75"/>'
        f'<stop offset="1" stop-color="hsl({far:.0f} 88% 56%)" stop-opacity="0"/></radialGradient>'
        '<linearGradient id="v" x2="0" y2="1"><stop offset=".45" stop-opacity="0"/>'
        '<stop offset="1" stop-opacity=".5"/></linearGradient>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice">'
        f'<defs>{stops}</defs><rect width="{WIDTH}" height="{HEIGHT}" fill="url(#b)"/>{glows}{motif}'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#v)"/></svg>'
    )


def avatar(handle: str) -> str:
    """An avatar as an SVG document, 64 x 64: the initial on the person's colours."""
    chance = Chance(handle)
    hue = chance.between(0, 359)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><defs>'
        f'<linearGradient id="a" x2="1" y2="1"><stop stop-color="hsl({hue:.0f} 70% 42%)"/>'
        f'<stop offset="1" stop-color="hsl({hue + chance.between(40, 90):.0f} 75% 34%)"/></linearGradient></defs>'
        f'<rect width="64" height="64" fill="url(#a)"/><circle cx="{chance.between(8, 56):.0f}" cy="8" r="26"'
        ' fill="#fff" opacity=".13"/><text x="32" y="33" text-anchor="middle" dominant-baseline="central" fill="#fff"'
        f' font-family="system-ui, sans-serif" font-size="30" font-weight="700">{handle[0].upper()}</text></svg>'
    )


def share_image(seed: str) -> bytes:
    """The poster's colours as a PNG, 1200 x 630, for sites that show no SVG when a link is shared."""
    chance, (base, far, light) = Chance(seed), hues(seed)
    y, x = np.mgrid[0:1:SHARE_HEIGHT * 1j, 0:1:SHARE_WIDTH * 1j]  # fmt: skip
    blend = np.clip((x + y) / 2, 0, 1)[..., None]
    image = rgb(base, 0.66, 0.26) * (1 - blend) + rgb(far, 0.70, 0.46) * blend
    for hue, brightness in ((light, 0.62), (far, 0.56), (light, 0.62)):
        far = np.hypot((x - chance.between(0, 1)) * 1.9, y - chance.between(0, 1)) / chance.between(0.45, 0.75)
        glow = 0.7 * np.clip(1 - far, 0, 1)[..., None]
        image = image * (1 - glow) + rgb(hue, 0.9, brightness) * glow
    rows = np.zeros((SHARE_HEIGHT, 1 + SHARE_WIDTH * 3), np.uint8)
    rows[:, 1:] = (image * 255).astype(np.uint8).reshape(SHARE_HEIGHT, -1)
    header = struct.pack(">IIBBBBB", SHARE_WIDTH, SHARE_HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def rgb(hue: float, saturation: float, light: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """CSS `hsl()` as red, green, blue in 0..1."""
    swing = saturation * min(light, 1 - light)
    turns = ((offset + hue / 30) % 12 for offset in (0, 8, 4))
    return np.array([light - swing * max(-1, min(turn - 3, 9 - turn, 1)) for turn in turns])
