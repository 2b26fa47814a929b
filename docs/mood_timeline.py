"""The mood of a recorded chat beside its message rate: writes docs/mood-timeline.md and .svg.

`python -m docs.mood_timeline LOG`, or `make docs LOG=...`; the log goes through the same code as the live flow.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from features.mood import HOP_MS, NEUTRAL, Lexicon
from livestreamx.events import ChatMessage
from livestreamx.replay import Line, read_log
from pipelines.mood import Memory, MoodPartition
from pipelines.records import Chunk, Record

FOLDER = Path(__file__).parent
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
STREAM = UUID(int=1)
STEP_MS = 10_000
WINDOW_STEPS = 3
"""A mood speaks of the last 30 s."""
SETTLE_MS = 120_000
LAUGH = re.compile(r"\b(l+o+l+|lmf?ao+|rofl|(?:ha){2,}h?|(?:he){2,})\b|LUL|KEK|4Head|😂|🤣", re.IGNORECASE)
"""What plainly is laughter, written without a look at the lexicon."""
LAUGHED, SILENT = 3, 0
COLOURS = {
    "hype": "#d97706", "joy": "#ca8a04", "love": "#db2777", "surprise": "#7c3aed", "sad": "#2563eb",
    "angry": "#dc2626", "calm": "#059669", NEUTRAL: "#cbd5e1",
}  # fmt: skip
WIDTH, HEIGHT, LEFT, TOP = 960, 300, 48, 24
PLOT, BAND = 170, 36


class Stretch(msgspec.Struct, frozen=True):
    """A mood that held from one moment to another (ms of the log)."""

    mood: str
    since_ms: int
    until_ms: int


def moods_of(lines: Sequence[Line]) -> dict[int, str]:
    """The mood told at the end of each hop of 5 s (ms of the log), as the flow decides it."""
    partition = MoodPartition(Memory(), Lexicon.load())
    told: dict[int, str] = {}
    hops = groupby(enumerate(lines), lambda numbered: numbered[1].at_ms // HOP_MS)
    for offset, records in ((0, [record_of(*one) for one in some]) for _, some in hops):
        told |= dict(closed(partition, records[0].offset + offset, records))
    end = lines[-1].at_ms + SETTLE_MS
    return told | dict(closed(partition, len(lines), [], end))


def closed(
    partition: MoodPartition, offset: int, records: Sequence[Record], at_ms: int = 0
) -> Iterator[tuple[int, str]]:
    """The hops that these records, or the clock at `at_ms` of the log, close."""
    began = int(BEGAN.timestamp() * 1000)
    clock: dict[str, Any] = {"caught_up": True, "read_ms": began + at_ms} if at_ms else {}
    chunk = Chunk(topic="interactions", partition=0, start=offset, next=offset + len(records), records=records, **clock)
    for event in partition.take(chunk).moods:
        yield int(event.hop_end.timestamp() * 1000) - began, event.mood


def record_of(offset: int, line: Line) -> Record:
    """A line of the log as the flow reads it."""
    at = BEGAN + timedelta(milliseconds=line.at_ms)
    who = uuid5(NAMESPACE_OID, line.viewer)
    said = {"handle": line.viewer, "text": line.text, "length": len(line.text)}
    message = ChatMessage(occurred_at=at, stream_id=STREAM, user_id=who, message_id=uuid5(who, str(offset)), **said)
    return Record(offset, int(at.timestamp() * 1000), message)


def stretches(told: dict[int, str], end_ms: int) -> list[Stretch]:
    """The moods one after the other, from the log's beginning to its end."""
    hops = range(HOP_MS, -(-end_ms // HOP_MS) * HOP_MS + 1, HOP_MS)
    found, holds = [], NEUTRAL
    by_hop = []
    for hop in hops:
        holds = told.get(hop, holds)
        by_hop.append((hop, holds))
    for mood, some in groupby(by_hop, lambda one: one[1]):
        ends = [hop for hop, _ in some]
        found.append(Stretch(mood, ends[0] - HOP_MS, ends[-1]))
    return found


def per_step(lines: Sequence[Line], steps: int) -> tuple[list[int], list[int]]:
    """Messages, and different people who laugh, of each ten seconds."""
    messages = Counter(line.at_ms // STEP_MS for line in lines)
    people = {(line.at_ms // STEP_MS, line.viewer) for line in lines if LAUGH.search(line.text)}
    laughs = Counter(step for step, _ in people)
    return [messages[step] for step in range(steps)], [laughs[step] for step in range(steps)]


def agreement(found: Sequence[Stretch], laughs: Sequence[int]) -> tuple[int, int, int, int]:
    """Steps in which at least three had laughed in 30 s, those of them in joy; steps without laughter, those in joy."""
    laughing = joyful = silent = wrong = 0
    for step in range(WINDOW_STEPS - 1, len(laughs)):
        end = (step + 1) * STEP_MS
        many = sum(laughs[step - WINDOW_STEPS + 1 : step + 1])
        mood = next((one.mood for one in found if one.since_ms < end <= one.until_ms), NEUTRAL)
        if many >= LAUGHED:
            laughing, joyful = laughing + 1, joyful + (mood == "joy")
        elif many == SILENT:
            silent, wrong = silent + 1, wrong + (mood == "joy")
    return laughing, joyful, silent, wrong


def clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def drawn(messages: Sequence[int], laughs: Sequence[int], found: Sequence[Stretch]) -> str:
    """The picture: messages and laughter by ten seconds, and below them the moods."""
    end = len(messages) * STEP_MS
    most = max(messages)

    def x(ms: float) -> float:
        return round(LEFT + ms / end * (WIDTH - LEFT - 16), 1)

    def area(counts: Sequence[int], colour: str) -> str:
        points = [
            f"{x((step + 0.5) * STEP_MS)},{TOP + PLOT - count / most * PLOT:.1f}" for step, count in enumerate(counts)
        ]
        edge = f"{x(0)},{TOP + PLOT} {' '.join(points)} {x(end)},{TOP + PLOT}"
        return f'<polygon points="{edge}" fill="{colour}"/>'

    bands = [
        f'<rect x="{x(one.since_ms)}" y="{TOP + PLOT + 8}" width="{round(x(one.until_ms) - x(one.since_ms), 1)}" '
        f'height="{BAND}" fill="{COLOURS[one.mood]}"><title>{one.mood} {clock(one.since_ms)}</title></rect>'
        for one in found
    ]
    minutes = [
        f'<text x="{x(minute * 60_000)}" y="{TOP + PLOT + BAND + 24}" text-anchor="middle">{minute} min</text>'
        for minute in range(0, end // 60_000 + 1, 5)
    ]
    shown = [mood for mood in COLOURS if any(one.mood == mood for one in found)]
    legend = [
        f'<rect x="{LEFT + number * 105}" y="{HEIGHT - 28}" width="12" height="12" fill="{COLOURS[mood]}"/>'
        f'<text x="{LEFT + number * 105 + 18}" y="{HEIGHT - 18}">{mood}</text>'
        for number, mood in enumerate(shown)
    ]
    axis = [
        f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{number}</text>'
        for y, number in ((TOP + 8, most), (TOP + PLOT, 0))
    ]
    title = f'<text x="{LEFT}" y="16">Messages (grey) and people laughing (yellow) in ten seconds, and the mood</text>'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *(title, *axis, area(messages, "#94a3b8"), area(laughs, "#eab308"), *bands, *minutes, *legend),
            "</svg>\n",
        )
    )


def told_in_words(name: str, lines: Sequence[Line], found: Sequence[Stretch], laughs: Sequence[int]) -> str:
    """The page: the picture, how well mood and laughter agree, and every stretch of joy."""
    laughing, joyful, silent, wrong = agreement(found, laughs)
    rows = []
    for one in found:
        if one.mood == "joy":
            spoken = [line for line in lines if one.since_ms - 25_000 <= line.at_ms < one.until_ms]
            laughter = sum(LAUGH.search(line.text) is not None for line in spoken)
            rows.append(f"| {clock(one.since_ms)} - {clock(one.until_ms)} | {laughter} | {len(spoken)} |")
    return "\n".join(
        (
            "# The mood of a recorded chat",
            "",
            f"`{name}`: {len(lines):,} messages of {len({line.viewer for line in lines}):,} chatters over "
            f"{clock(lines[-1].at_ms)} minutes, through the code of the live mood flow (`pipelines/mood.py`).",
            "",
            "![Message rate, laughter and mood](mood-timeline.svg)",
            "",
            "Laughter is counted apart from the lexicon, by a pattern for `lol`, `haha`, `LUL` and their kin. Of the "
            f"{laughing} steps of ten seconds at whose end at least {LAUGHED} people had laughed within 30 s, {joyful} "
            f"were told as joy ({joyful / max(1, laughing):.0%}); of the {silent} steps without any laughter, {wrong} "
            f"were ({wrong / max(1, silent):.0%}).",
            "",
            "| joy | laughing messages, from 25 s before on | all messages |",
            "|---|---|---|",
            *rows,
            "",
            'Made by `make docs LOG=<a chat log>`; a log\'s lines are `{"at_ms", "viewer", "text"}`.',
            "",
        )
    )


def main(path: Path) -> None:
    """Write the page and its picture from a log."""
    lines = read_log(path)
    steps = lines[-1].at_ms // STEP_MS + 1
    messages, laughs = per_step(lines, steps)
    found = stretches(moods_of(lines), lines[-1].at_ms)
    (FOLDER / "mood-timeline.svg").write_text(drawn(messages, laughs, found))
    (FOLDER / "mood-timeline.md").write_text(told_in_words(path.name, lines, found, laughs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
