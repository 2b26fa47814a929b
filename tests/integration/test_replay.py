"""A recorded chat with odd lines, replayed through the real websocket, equals a plain count of its file."""

import io
from collections import Counter
from pathlib import Path

import httpx
import msgspec
from rich.console import Console

from livestreamx.client import Room
from livestreamx.frames import ChatShown
from livestreamx.replay import replay
from tests.builders import eventually, go_live

SAYABLE = (
    "<script>alert(1)</script>",
    "x<y and y>z",
    "a <b> c",
    "<GG>",
    "two  spaces &amp; more",
    '{"a":1}',
    "👨‍👩‍👧‍👦 family",
    "z" * 300,
)
EMPTY = ("", "   ", "\u200b\u202e", "\n")
TOO_LONG = ("y" * 301,)


async def test_odd_texts_are_shown_as_written_and_empty_ones_refused(
    http: httpx.AsyncClient, server: str, tmp_path: Path
) -> None:
    lines = [
        {"at_ms": 10 * number, "viewer": f"viewer {number // 2}", "text": text}
        for number, text in enumerate((*SAYABLE, *EMPTY, *TOO_LONG))
    ]
    file = tmp_path / "odd.jsonl"
    file.write_bytes(b"\n\n".join(map(msgspec.json.encode, lines)))
    creator, stream = await go_live(http)
    seen = Counter[str]()

    def note(message: ChatShown) -> None:
        seen[message.text] += 1

    console = Console(record=True, width=120, file=io.StringIO())
    async with Room(server, stream).on("chat:message", note):
        assert await replay(file, stream, 10, server, console) == 0

        async def shown() -> Counter[str]:
            return seen

        await eventually(shown, lambda texts: texts == Counter(SAYABLE))
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in console.export_text().splitlines()]
    counts = {row[0]: row[1] for row in rows if len(row) == 3}
    assert counts["accepted"] == str(len(SAYABLE))
    assert counts["refused: invalid"] == str(len(EMPTY) + len(TOO_LONG))

    async def totals() -> dict[str, int]:
        answer = await creator.call("GET", f"/api/studio/streams/{stream}/analytics?panels=chat")
        found: dict[str, int] = answer["panels"]["chat"]["totals"]
        return found

    await eventually(totals, lambda found: found == {"messages": len(SAYABLE), "chatters": len(SAYABLE) // 2})
