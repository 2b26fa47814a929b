"""Bar and line charts as small SVG pictures, without a library; colours that hold on light and dark pages."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite

COLOURS = ("#3b82c4", "#c4703b", "#4f9d69", "#8b6fc0")
INK, GRID = "#808890", "#80889055"
WIDTH, BAR, GAP, LABEL, ROOM = 640, 14, 10, 190, 60
FRAME, MARGIN = 300, 36


def bars(title: str, values: Mapping[str, Sequence[float]], series: Sequence[str]) -> str:
    """Horizontal bars, values 0 to 1: one group for each name, one bar in it for each of `series`."""
    height = BAR * len(series) + GAP
    shapes = [_text(0, 16, title, weight="bold"), *_legend(series)]
    span = WIDTH - LABEL - ROOM
    for number, (name, each) in enumerate(values.items()):
        top = 48 + number * height
        shapes.append(_text(LABEL - 8, top + height / 2, name, anchor="end"))
        for row, value in enumerate(each):
            y, length = top + row * BAR, max(0.0, min(value, 1.0)) * span
            colour = COLOURS[row % len(COLOURS)]
            shapes.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 2}" rx="2" fill="{colour}"/>')
            shapes.append(_text(LABEL + length + 6, y + BAR - 4, f"{value:.3f}"))
    return _svg(shapes, WIDTH, 56 + len(values) * height)


def intervals(title: str, values: Mapping[str, tuple[float, float, float]], form: str = ".4f") -> str:
    """One line a name from low over middle to high, all on one scale; infinite ends are left out."""
    shapes = [_text(0, 16, title, weight="bold")]
    finite = [value for each in values.values() for value in each if isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    span = (WIDTH - LABEL - ROOM) / ((high - low) or 1.0)
    for number, (name, (left, middle, right)) in enumerate(values.items()):
        y, colour = 44 + number * (BAR + GAP), COLOURS[number % len(COLOURS)]
        x = LABEL + (middle - low) * span
        shapes.append(_text(LABEL - 8, y + 4, name, anchor="end"))
        if isfinite(left) and isfinite(right):
            ends = f'x1="{LABEL + (left - low) * span:.1f}" x2="{LABEL + (right - low) * span:.1f}"'
            shapes.append(f'<line {ends} y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>')
        shapes.append(f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{colour}"/>')
        shapes.append(_text(x, y - 7, format(middle, form), anchor="middle"))
    return _svg(shapes, WIDTH, 56 + len(values) * (BAR + GAP))


def against_diagonal(title: str, points: Sequence[tuple[float, float]], across: str, up: str) -> str:
    """Points in the unit square joined by a line, beside the diagonal on which they would be perfect."""

    def at(x: float, y: float) -> str:
        return f"{MARGIN + x * FRAME:.1f},{40 + (1 - y) * FRAME:.1f}"

    lines = " ".join(at(x, y) for x, y in points)
    low, high = at(0, 0), at(1, 1)
    shapes = [
        _text(0, 16, title, weight="bold"),
        f'<rect x="{MARGIN}" y="40" width="{FRAME}" height="{FRAME}" fill="none" stroke="{GRID}"/>',
        f'<polyline points="{low} {high}" stroke="{GRID}" stroke-dasharray="4" fill="none"/>',
        f'<polyline points="{lines}" stroke="{COLOURS[0]}" stroke-width="2" fill="none"/>',
        *(
            f'<circle cx="{place.split(",")[0]}" cy="{place.split(",")[1]}" r="4" fill="{COLOURS[0]}"/>'
            for place in lines.split()
        ),
        _text(MARGIN + FRAME / 2, 40 + FRAME + 20, across, anchor="middle"),
        _text(MARGIN, 34, up),
    ]
    return _svg(shapes, FRAME + 2 * MARGIN, FRAME + 72)


def picture(svg: str, alt: str) -> str:
    """The chart as Markdown, the picture inside it."""
    data = base64.b64encode(svg.encode()).decode()
    return f"![{alt}](data:image/svg+xml;base64,{data})"


def _legend(series: Sequence[str]) -> list[str]:
    shapes = []
    for number, name in enumerate(series):
        x = LABEL + number * 130
        shapes.append(f'<rect x="{x}" y="26" width="10" height="10" fill="{COLOURS[number % len(COLOURS)]}"/>')
        shapes.append(_text(x + 16, 35, name))
    return shapes


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    style = f'font-family="sans-serif" font-size="12" font-weight="{weight}" fill="{INK}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _svg(shapes: Sequence[str], width: float, height: float) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(shapes)}</svg>'
