"""Replay a recorded chat log into a stream, one account a chatter, through the real websocket.

`python -m livestreamx.replay FILE [--stream ID] [--speed N]`; a log's lines are `{"at_ms","viewer","text"}`.
"""

import asyncio
import codecs
import contextlib
import hashlib
import math
import re
import secrets
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from livestreamx.client import Account, Refused, Room, Unanswered
from livestreamx.errors import TooMany
from livestreamx.terminal import platform_address, screen

JOINING_AT_ONCE = 8
SETTLE_SECONDS = 30
WHY = {
    "rate_limited": "the chatter, or the room, was faster than chat allows",
    "invalid": "the text is empty or longer than 300 characters",
    "unanswered": "the connection broke before the answer came",
}


class Line(msgspec.Struct, frozen=True):
    """One recorded message; `at_ms` counts from the start of the recording, or from any other moment."""

    at_ms: float
    viewer: str | int
    text: str


class Summary(msgspec.Struct):
    """What became of the log: messages accepted, refused by code, and who spoke."""

    messages: int = 0
    accepted: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    accepted_ids: set[str] = msgspec.field(default_factory=set)
    speakers: set[str | int] = msgspec.field(default_factory=set)
    seen: Counter[str] = msgspec.field(default_factory=Counter)
    """messageId -> how often the room showed it."""
    moods: Counter[str] = msgspec.field(default_factory=Counter)

    def see(self, frame: dict[str, Any]) -> None:
        """Take note of a frame of the room; a snapshot shows what was said while its history was lost."""
        match frame["event"]:
            case "chat:message":
                self.seen[frame["data"]["messageId"]] += 1
            case "room:state":
                for message in frame["data"]["chat"]:
                    self.seen.setdefault(message["messageId"], 1)
            case "mood:state":
                self.moods[frame["data"]["mood"]] += 1


class LogError(ValueError):
    """The file is not a chat log; the message names the line."""


def read_log(path: Path) -> list[Line]:
    """The lines of a log, in order of time; `LogError` for a file that is none."""
    try:
        texts = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as error:
        raise LogError(f"{path}: {error.strerror}") from error
    lines = [_read_line(f"{path}, line {number}", text) for number, text in enumerate(texts, 1) if text.strip()]
    if not lines:
        raise LogError(f"{path} holds no messages")
    return sorted(lines, key=lambda line: line.at_ms)


def _read_line(where: str, text: bytes) -> Line:
    try:
        return msgspec.json.decode(text, type=Line)
    except msgspec.DecodeError as error:
        raise LogError(f'{where}: {error}; a line is {{"at_ms": 0, "viewer": "name", "text": "hi"}}') from error


def handle_for(viewer: str | int, run: str) -> str:
    """A handle for a recorded name: readable, legal, and its own in every run."""
    tail = hashlib.sha256(f"{run}:{viewer}".encode()).hexdigest()[:7]
    return f"{re.sub(r'[^a-z0-9_]', '', str(viewer).lower())[:12]}_{tail}"


class Replay:
    """One run of a log against a stream."""

    def __init__(self, base: str, http: httpx.AsyncClient, lines: list[Line], speed: float, progress: Progress) -> None:
        self._base, self._http, self._lines, self._speed, self._progress = base, http, lines, speed, progress
        self._rooms: dict[str | int, Room] = {}
        self.summary = Summary(messages=len(lines))

    async def join(self, stream: str) -> None:
        """An account and a socket for every chatter."""
        names = list(dict.fromkeys(line.viewer for line in self._lines))
        task = self._progress.add_task("chatters join", total=len(names))
        gate, run = asyncio.Semaphore(JOINING_AT_ONCE), secrets.token_hex(4)

        async def enter(name: str | int) -> None:
            async with gate:
                handle = handle_for(name, run)
                account = await Account.register(self._http, handle, secrets.token_urlsafe(12))
                self._rooms[name] = room = Room(self._base, stream, account, channels="chat")
                await room.open()
                self._progress.advance(task)

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(enter(name))

    async def speak(self) -> None:
        """Send every line at its time; each chatter waits for the answer to one line before the next."""
        task = self._progress.add_task("messages", total=len(self._lines))
        began, first = time.monotonic(), self._lines[0].at_ms
        turns = {name: asyncio.Lock() for name in self._rooms}

        async def say(line: Line) -> None:
            async with turns[line.viewer]:
                await self._say(line)
            self._progress.advance(task)

        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                due = (line.at_ms - first) / 1000 / self._speed
                await asyncio.sleep(max(0.0, due - (time.monotonic() - began)))
                group.create_task(say(line))

    async def _say(self, line: Line) -> None:
        try:
            ack = await self._rooms[line.viewer].ask("chat:message", 30, text=line.text)
        except Refused as refusal:
            self.summary.refused[refusal.code] += 1
        except (Unanswered, TimeoutError):
            self.summary.refused["unanswered"] += 1
        else:
            self.summary.accepted += 1
            self.summary.accepted_ids.add(ack["messageId"])
            self.summary.speakers.add(line.viewer)

    async def leave(self) -> None:
        """Close every socket."""
        await asyncio.gather(*(room.close() for room in self._rooms.values()))


async def settled(account: Account, stream: str, summary: Summary) -> dict[str, int]:
    """The creator's dashboard once it counts at least what was accepted, or as it stands after `SETTLE_SECONDS`."""
    totals: dict[str, int] = {}
    for _ in range(SETTLE_SECONDS * 2):
        answer = await account.call("GET", f"/api/studio/streams/{stream}/analytics?panels=chat")
        totals = answer["panels"]["chat"]["totals"]
        if totals["messages"] >= summary.accepted:
            break
        await asyncio.sleep(0.5)
    return totals


def report(console: Console, summary: Summary, seconds: float) -> None:
    """The summary as a table: accepted, refused and why, shown once."""
    table = Table("", "messages", "why", title=f"{summary.messages} messages in {seconds:.0f} s", title_justify="left")
    table.add_row("accepted", str(summary.accepted), f"{len(summary.speakers)} chatters")
    for code, count in summary.refused.most_common():
        table.add_row(f"refused: {code}", str(count), WHY.get(code, ""))
    missing = len(summary.accepted_ids - summary.seen.keys())
    doubled = sum(1 for times in summary.seen.values() if times > 1)
    table.add_row("accepted, never shown", str(missing), "")
    table.add_row("shown twice", str(doubled), "")
    table.add_row("moods", ", ".join(f"{mood} {count}" for mood, count in summary.moods.most_common()) or "none", "")
    console.print(table)


async def replay(file: Path, stream: str | None, speed: float, base: str, console: Console) -> int:
    """Run the whole replay; 0 when everything that was accepted was shown once and counted once."""
    lines = read_log(file)
    limits = httpx.Limits(max_connections=16)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    async with httpx.AsyncClient(base_url=base, timeout=30, limits=limits) as http:
        creator = None
        if stream is None:
            creator = await Account.register(http, f"replay_{secrets.token_hex(4)}", secrets.token_urlsafe(12))
            await creator.become_creator()
            stream = await creator.go_live(f"Replay of {file.stem}"[:140], category="Replay", tags=["replay"])
        console.print(f"watch it at {base}/w/{stream}")
        with Progress(*columns, console=console) as progress:
            run = Replay(base, http, lines, speed, progress)
            async with Room(base, stream, on_frame=run.summary.see):
                try:
                    await run.join(stream)
                    began = time.monotonic()
                    await run.speak()
                    seconds = time.monotonic() - began
                    await _shown(run.summary)
                finally:
                    await run.leave()
        report(console, run.summary, seconds)
        agrees = not run.summary.accepted_ids - run.summary.seen.keys()
        if creator:
            agrees &= await _compare(console, creator, stream, run.summary)
        return 0 if agrees else 1


async def _shown(summary: Summary) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while summary.accepted_ids - summary.seen.keys():
                await asyncio.sleep(0.1)


async def _compare(console: Console, creator: Account, stream: str, summary: Summary) -> bool:
    await creator.renew()
    totals = await settled(creator, stream, summary)
    unknown = summary.refused["unanswered"]
    console.print(f"the creator's dashboard counts {totals['messages']} messages of {totals['chatters']} chatters")
    await creator.call("POST", f"/api/streams/{stream}/end")
    if unknown:
        return summary.accepted <= totals["messages"] <= summary.accepted + unknown
    return totals["messages"] == summary.accepted and totals["chatters"] == len(summary.speakers)


app = App(
    name="livestreamx replay",
    help="Replay a recorded chat log into a stream, through the real websocket.",
    version_flags=[],
)


@app.default
def main(file: Path, /, *, stream: str | None = None, speed: float = 1.0, url: str = "") -> None:
    """Replay FILE.

    Parameters
    ----------
    file
        Lines of {"at_ms", "viewer", "text"}, in any order.
    stream
        A live stream's id; without it a new creator goes live for the replay.
    speed
        How many times faster than it was recorded.
    url
        The platform's address; by default the one that runs on this machine.
    """
    console = screen()
    base = platform_address(url)
    if not (speed > 0 and math.isfinite(speed)):
        sys.exit("--speed takes a number above 0")
    try:
        sys.exit(asyncio.run(replay(file, stream, speed, base, console)))
    except* LogError as errors:
        sys.exit(str(errors.exceptions[0]))
    except* Refused as errors:
        refusal = errors.exceptions[0]
        hint = "; start the platform with LSX_RATE_LIMITS=off to replay many chatters from one address"
        limited = isinstance(refusal, Refused) and refusal.code == TooMany.code
        sys.exit(f"the platform refused: {refusal}{hint if limited else ''}")
    except* httpx.TransportError:
        sys.exit(f"no platform answers at {base}: start it with `livestreamx up`")


if __name__ == "__main__":
    app()
