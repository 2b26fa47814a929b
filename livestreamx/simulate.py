"""A synthetic audience with habits: people arrive, return to channels they like, chat, react and give.

`python -m livestreamx.simulate [--viewers N] [--seconds S]`; the demo's audience stays until it is stopped.
Like any client it knows the public contract only.
"""

import asyncio
import contextlib
import math
import random
import secrets
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
from cyclopts import App
from rich.table import Table

from livestreamx.client import Account, Refused, Room, Unanswered
from livestreamx.frames import PollState, QuestionState, RoomState
from livestreamx.settings import Settings
from livestreamx.terminal import platform_address, screen

TOP_UP = 500
LOWEST_BALANCE = 50
ASKS = 0.1
"""How often somebody curious asks where nobody else has; the more questions wait, the fewer come."""
GIFTS = {"HEART": 64, "ROSE": 30, "CONFETTI": 3, "ROCKET": 2, "CROWN": 1}
LINES: dict[str, tuple[str, ...]] = {
    "hype": ("POGGERS", "LETS GOOO", "PogChamp PogChamp", "what a play 🔥", "W", "insane", "HYPERS"),
    "joy": ("LUL", "KEKW", "lol", "hahaha that face", "OMEGALUL", "😂😂", "im crying lol"),
    "love": ("<3", "<3 <3", "best stream", "love this so much ❤️", "bleedPurple", "so cozy here"),
    "surprise": ("WHAT", "wait what?!", "no way 😮", "monkaS", "how??", "did that just happen"),
    "sad": ("Sadge", "BibleThump", "unlucky", "so close...", "FeelsBadMan", "rip 😢"),
    "angry": ("robbed", "that was so cheap", "refund please 😡", "the lag again", "unfair"),
    "calm": (
        "good morning chat",
        "what song is this?",
        "just lurking",
        "how was your day?",
        "nice and quiet",
        "brb tea",
    ),
}
HELLOS = ("hey everyone", "hi chat o/", "finally live!", "good to be back", "what did I miss?")
QUESTIONS = (
    "what keyboard is that?",
    "how long have you been doing this?",
    "will there be a recording?",
    "what are you playing next week?",
    "any advice for beginners?",
    "who made the overlay?",
)


class Habits(msgspec.Struct, frozen=True):
    """How one person watches; rates are per minute, `stay` is the mean visit in seconds."""

    talkative: float
    expressive: float
    generous: float
    curious: float
    stay: float
    loyalty: float
    """How strongly what was watched before draws them back."""
    tastes: dict[str, float]
    """Category -> liking, above 0."""

    @classmethod
    def drawn(cls, dice: random.Random, categories: list[str]) -> "Habits":
        """A person out of a crowd in which few talk much and fewer give."""
        return cls(
            talkative=dice.lognormvariate(0.2, 0.8),
            expressive=dice.lognormvariate(0.6, 0.7),
            generous=dice.paretovariate(1.5) * 0.05 if dice.random() < 0.4 else 0.0,
            curious=dice.lognormvariate(0.5, 0.5),
            stay=dice.lognormvariate(4.8, 0.6),
            loyalty=dice.betavariate(4, 2) * 3,
            tastes={category: dice.gammavariate(0.5, 1) + 0.05 for category in categories},
        )


class Show:
    """What happens on one stream: a mood that everybody there follows, for a while."""

    def __init__(self, dice: random.Random) -> None:
        self._dice, self._until = dice, 0.0
        self._mood = "calm"

    def mood(self) -> str:
        """The mood of the moment; it changes every 30 to 90 seconds."""
        if time.monotonic() > self._until:
            self._until = time.monotonic() + self._dice.uniform(30, 90)
            self._mood = self._dice.choice(list(LINES))
        return self._mood


class Pending:
    """What a room asks of one person: the poll that they have not voted in, questions they have not voted for."""

    def __init__(self, account: Account) -> None:
        self._handle, self._done = account.handle, set[str]()
        self.poll: PollState | None = None
        self.questions: dict[UUID, QuestionState] = {}

    def follow(self, room: Room) -> None:
        """Learn of what the room tells from now on."""
        self.poll, self.questions = None, {}
        room.on("room:state", self._start).on("poll:update", self._see_poll).on("qa:update", self._see_question)
        room.on("poll:end", lambda _: self._see_poll(None))

    def is_new(self, what: UUID) -> bool:
        """Whether this is the first time that they are asked about it."""
        is_new = str(what) not in self._done
        self._done.add(str(what))
        return is_new

    def _start(self, state: RoomState) -> None:
        self._see_poll(state.poll)
        for question in state.questions:
            self._see_question(question)

    def _see_poll(self, poll: PollState | None) -> None:
        self.poll = poll

    def _see_question(self, question: QuestionState) -> None:
        if question.state == "open" and question.handle != self._handle:
            self.questions[question.questionId] = question
        else:
            self.questions.pop(question.questionId, None)


class Viewer:
    """One person of the audience."""

    def __init__(self, crowd: "Audience", account: Account, dice: random.Random, habits: Habits) -> None:
        self._crowd, self._account, self._dice, self._habits = crowd, account, dice, habits
        self._visits: Counter[str] = Counter()
        self._pending = Pending(account)

    async def live(self) -> None:
        """Visit streams until cancelled."""
        await asyncio.sleep(self._dice.uniform(0, self._crowd.spread))
        while True:
            streams = await self._crowd.live_streams()
            if not streams:
                await asyncio.sleep(3)
                continue
            try:
                await self._visit(self._choose(streams))
            except (Refused, Unanswered, TimeoutError, httpx.HTTPError) as error:
                self._crowd.troubles[type(error).__name__] += 1
                await asyncio.sleep(self._dice.uniform(1, 5))
            await asyncio.sleep(self._dice.expovariate(1 / 8))

    def _choose(self, streams: list[dict[str, Any]]) -> dict[str, Any]:
        def pull(stream: dict[str, Any]) -> float:
            liking = self._habits.tastes.get(stream["category"], 0.3)
            return liking * (1 + self._habits.loyalty * self._visits[stream["creator"]])

        return self._dice.choices(streams, [pull(stream) for stream in streams])[0]

    async def _visit(self, stream: dict[str, Any]) -> None:
        self._visits[stream["creator"]] += 1
        show, habits = self._crowd.show(stream["id"]), self._habits
        acts = {self._chat: habits.talkative, self._react: habits.expressive, self._give: habits.generous}
        acts[self._join_in] = habits.curious
        rate = sum(acts.values()) / 60 * self._crowd.pace
        leaving = time.monotonic() + self._dice.expovariate(1 / habits.stay)
        room = Room(self._crowd.base, stream["id"], self._account)
        self._pending.follow(room)
        async with room:
            if self._dice.random() < 0.3:
                await self._try(room.ask("chat:message", text=self._dice.choice(HELLOS)))
            while time.monotonic() < leaving:
                await asyncio.sleep(self._dice.expovariate(rate))
                act = self._dice.choices(list(acts), list(acts.values()))[0]
                await act(room, show.mood())

    async def _chat(self, room: Room, mood: str) -> None:
        await self._try(room.ask("chat:message", text=self._dice.choice(LINES[mood])))

    async def _react(self, room: Room, mood: str) -> None:
        await self._try(room.ask("mood:react", mood=mood))

    async def _join_in(self, room: Room, _: str) -> None:
        """Vote in the poll, else for a question, else now and then ask one."""
        poll, questions = self._pending.poll, list(self._pending.questions)
        if poll and self._pending.is_new(poll.pollId):
            favour = [len(poll.choices) - place for place in range(len(poll.choices))]
            choice = self._dice.choices(poll.choices, favour)[0]
            await self._try(room.ask("poll:vote", pollId=poll.pollId, choiceId=choice.id))
        elif questions and self._pending.is_new(question := self._dice.choice(questions)):
            await self._try(room.ask("qa:upvote", questionId=question))
        elif self._dice.random() < ASKS / (1 + len(questions)):
            await self._try(room.ask("qa:ask", text=self._dice.choice(QUESTIONS)))

    async def _give(self, room: Room, _: str) -> None:
        code = self._dice.choices(list(GIFTS), list(GIFTS.values()))[0]
        ack = await self._try(room.send_gift(code))
        if (ack is None or ack["balance"] < LOWEST_BALANCE) and self._crowd.top_up:
            await self._try(
                self._account.call(
                    "POST", "/api/wallet/topup", {"amount": TOP_UP}, Idempotency_Key=secrets.token_hex(8)
                )
            )

    async def _try(self, act: Any) -> Any:
        try:
            answer = await act
        except Refused as refusal:
            self._crowd.refusals[refusal.code] += 1
            return None
        self._crowd.acts += 1
        return answer


class Audience:
    """The crowd: their accounts, what is live, and what came of their acts."""

    def __init__(
        self, base: str, http: httpx.AsyncClient, *, pace: float, spread: float, top_up: bool, only: str | None
    ) -> None:
        self.base, self.http, self.pace, self.spread, self.top_up, self._only = base, http, pace, spread, top_up, only
        self.acts, self.refusals, self.troubles = 0, Counter[str](), Counter[str]()
        self._shows: dict[str, Show] = {}
        self._live: list[dict[str, Any]] = []
        self._asked = 0.0

    async def live_streams(self) -> list[dict[str, Any]]:
        """The public streams that are live, asked for every five seconds at most."""
        if time.monotonic() - self._asked > 5:
            self._asked = time.monotonic()
            answer = (await self.http.get("/api/streams", params={"status": "live", "limit": 50})).raise_for_status()
            self._live = [stream for stream in answer.json()["items"] if self._only in (None, stream["id"])]
        return self._live

    def show(self, stream: str) -> Show:
        """The show of a stream, the same for everybody."""
        return self._shows.setdefault(stream, Show(random.Random(stream)))  # noqa: S311

    async def enter(self, names: Path | None, count: int, seed: int) -> list[Viewer]:
        """Sign in `count` people; with `names` they are the same people at the next start."""
        secret = _secret(names) if names else secrets.token_hex(8)
        categories = sorted({stream["category"] for stream in await self.live_streams()})
        gate = asyncio.Semaphore(4)

        async def one(number: int) -> Viewer:
            dice = random.Random(f"{seed}:{number}")  # noqa: S311
            async with gate:
                handle = f"{dice.choice(FIRST)}_{dice.choice(SECOND)}{number}"[:14] + "_" + secret[:4]
                account = await Account.enter(self.http, handle, f"{secret}-{handle}")
            return Viewer(self, account, dice, Habits.drawn(dice, categories))

        return list(await asyncio.gather(*(one(number) for number in range(count))))


FIRST = "pixel lucky sleepy cosmic tiny turbo salty mellow neon brave".split()
SECOND = "fox panda otter comet waffle ninja bean raven mango ghost".split()


def _secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(8))
        path.chmod(0o600)
    return path.read_text().strip()


async def run(
    base: str, viewers: int, seconds: float, seed: int, *, demo: bool, stream: str | None, pace: float
) -> Audience:
    """Run an audience for `seconds` (0: until told to stop) and return what it did."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url=base, timeout=30, limits=limits) as http:
        crowd = Audience(
            base, http, pace=pace, spread=3 if demo else 1, top_up=Settings.from_env().dev_topup, only=stream
        )
        people = await crowd.enter(Settings.from_env().home / "audience.secret" if demo else None, viewers, seed)
        print("ready", flush=True)
        tasks = [asyncio.create_task(person.live()) for person in people]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds or None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return crowd


app = App(name="livestreamx simulate", help="A synthetic audience on the streams that are live.", version_flags=[])


@app.default
def main(
    *, viewers: int = 40, seconds: float = 60, seed: int = 1, demo: bool = False, stream: UUID | None = None,
    pace: float = 1.0, url: str = "",
) -> None:  # fmt: skip
    """Send a crowd.

    Parameters
    ----------
    viewers
        How many people.
    seconds
        How long; 0 means until stopped.
    seed
        The same seed draws the same habits.
    demo
        Keep the same accounts between runs and go on until stopped.
    stream
        Only this stream's id; otherwise everything live.
    pace
        How many times busier than usual.
    url
        The platform's address; by default the one that runs on this machine.
    """
    for name, value, least in (("viewers", viewers, 1), ("seconds", seconds, 0), ("pace", pace, 0.01)):
        if not (value >= least and math.isfinite(value)):
            sys.exit(f"--{name} takes a number from {least} up")
    base, only = platform_address(url), None if stream is None else str(stream)
    try:
        crowd = asyncio.run(run(base, viewers, 0 if demo else seconds, seed, demo=demo, stream=only, pace=pace))
    except httpx.TransportError:
        sys.exit(f"no platform answers at {base}: start it with `livestreamx up`")
    except Refused as refusal:
        sys.exit(f"the platform refused: {refusal}; many accounts from one address need LSX_RATE_LIMITS=off")
    table = Table("", "count")
    table.add_row("acts accepted", str(crowd.acts))
    for code, count in (crowd.refusals + crowd.troubles).most_common():
        table.add_row(f"refused: {code}", str(count))
    screen().print(table)


if __name__ == "__main__":
    app()
