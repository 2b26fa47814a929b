"""The synthetic day through a whole platform while each of its parts is killed, beside people who talk and give there.

The day's ephemeral acts go to Kafka and its gifts through the outbox; the people come through the gateway.
"""

import asyncio
import random
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from bench.day_results import Results
from livestreamx import keys
from livestreamx.client import Account, Refused, Room, Unanswered
from livestreamx.engines.kafka import producer
from livestreamx.events import Event, encode
from livestreamx.settings import Settings
from livestreamx.stack import Platform
from livestreamx.topics import INTERACTIONS

TALKERS, BREATH_SECONDS = 6, 1.0
TURN_SECONDS = 0.05
WAIT_SECONDS = 240.0
OUTBOX = "INSERT INTO outbox (topic, key, payload) VALUES (%s, %s, %s)"
BOOKS = "SELECT id::text, tokens FROM gift_events WHERE stream_id = %s"
CHAT = "SELECT toString(message_id) FROM chat_messages FINAL WHERE stream_id = {stream:UUID}"
GIFTS = "SELECT toString(gift_event_id), tokens FROM gifts FINAL WHERE stream_id = {stream:UUID}"


class Feeder(threading.Thread):
    """Brings acts to the platform over `seconds`, in their order, however often its engines go away."""

    def __init__(self, settings: Settings, acts: Sequence[Event], seconds: float) -> None:
        super().__init__(name="feeder", daemon=True)
        self._settings, self._acts, self._seconds = settings, acts, seconds
        self._waiting: list[Event] = []

    def run(self) -> None:
        kafka = producer(self._settings.kafka_bootstrap, **{"message.timeout.ms": 0})
        began, sent = time.monotonic(), 0
        while sent < len(self._acts) or self._waiting:
            due = min(len(self._acts), int((time.monotonic() - began) / self._seconds * len(self._acts)))
            for act in self._acts[sent:due]:
                if act.topic is INTERACTIONS:
                    kafka.produce(act.topic.name, encode(act), key=act.key)
                else:
                    self._waiting.append(act)
            sent = due
            kafka.poll(0)
            self._record()
            time.sleep(TURN_SECONDS)
        kafka.flush()

    def _record(self) -> None:
        """Write recorded acts to the outbox; those of a transaction whose end is not known are written again."""
        if not self._waiting:
            return
        try:
            with psycopg.connect(self._settings.postgres_url, connect_timeout=5) as db, db.cursor() as cursor:
                cursor.executemany(OUTBOX, [(act.topic.name, act.key, encode(act)) for act in self._waiting])
        except psycopg.OperationalError:
            return
        self._waiting = []


class Crowd:
    """People who talk and give in a room of their own, and remember what they were told."""

    def __init__(self, base: str) -> None:
        self._base, self._over = base, asyncio.Event()
        self._people: list[Account] = []
        self.stream = ""
        self.messages: set[str] = set()
        self.gifts: set[str] = set()

    async def come(self, http: httpx.AsyncClient) -> None:
        """Open accounts and a room."""
        creator, *self._people = [
            await Account.register(http, f"day_{secrets.token_hex(6)}", secrets.token_urlsafe(12))
            for _ in range(TALKERS + 1)
        ]
        await creator.become_creator()
        self.stream = await creator.go_live("The day after", category="Talk", tags=[])
        for person in self._people:
            await person.call("POST", "/api/wallet/topup", {"amount": 500})

    async def live(self) -> None:
        """Go on until `leave`."""
        async with httpx.AsyncClient(base_url=self._base, timeout=30) as http:
            creator, *people = [
                await Account.register(http, f"day_{secrets.token_hex(6)}", secrets.token_urlsafe(12))
                for _ in range(TALKERS + 1)
            ]
            await creator.become_creator()
            self.stream = await creator.go_live("The day after", category="Talk", tags=[])
            for person in people:
                await person.call("POST", "/api/wallet/topup", {"amount": 500})
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(self._talk(person))

    async def _talk(self, person: Account) -> None:
        async with Room(self._base, self.stream, person, channels="chat,gifts") as room:
            while not self._over.is_set():
                try:
                    said = await room.ask("chat:message", text=f"still here {secrets.token_hex(6)}")
                    self.messages.add(said["messageId"])
                    self.gifts.add((await room.send_gift("HEART"))["giftEventId"])
                except (Unanswered, Refused, TimeoutError):
                    pass  # killed under way: whether it counted is for the platform to say
                await asyncio.sleep(BREATH_SECONDS)

    def leave(self) -> None:
        """Let everybody finish."""
        self._over.set()

    def faults(self, settings: Settings, results: Results) -> list[str]:
        """Where PostgreSQL, ClickHouse and the board do not agree with what the people were told."""
        with psycopg.connect(settings.postgres_url) as db:
            books = dict(db.execute(BOOKS, (self.stream,)).fetchall())
        asked = {"stream": self.stream}
        messages = [row[0] for row in results.clickhouse.query(CHAT, asked).result_rows]
        gifts = [tuple(row) for row in results.clickhouse.query(GIFTS, asked).result_rows]
        board = results.redis.hvals(keys.board_totals("gifts", "stream", self.stream))
        found = {
            "messages lost": len(self.messages - set(messages)),
            "messages doubled": len(messages) - len(set(messages)),
            "gifts lost": len(self.gifts - books.keys()),
            "gifts in history": len(set(gifts) ^ set(books.items())) + len(gifts) - len(set(gifts)),
            "gifts on the board": abs(sum(map(int, board)) - sum(books.values())),
        }
        return [f"{name}: {many}" for name, many in found.items() if many]


@contextmanager
def whole_platform(home: Path) -> Iterator[tuple[Platform, Results]]:
    """A platform and a reader of its results."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Platform(home, port, env={"LSX_DEV_TOPUP": "on", "LSX_RATE_LIMITS": "off"}) as platform:
        yield platform, Results(platform.settings)


async def struck(
    platform: Platform, results: Results, acts: Sequence[Event], kills: int, seconds: float
) -> tuple[list[str], Crowd, list[str]]:
    """Feed the acts while random parts are killed, every part at least once if there are kills enough.

    What was killed, who was there, and what they find wrong when all is counted or `WAIT_SECONDS` are over.
    """
    rng, crowd = random.Random(5), Crowd(platform.url)
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as http:
        await crowd.come(http)
        living = asyncio.create_task(crowd.live())
        feeder = Feeder(platform.settings, acts, seconds)
        feeder.start()
        names = [name for name, part in platform.parts().items() if part["state"] == "ready"]
        order = (rng.sample(names, len(names)) + rng.choices(names, k=kills))[:kills]
        for name in order:
            await asyncio.sleep(rng.random() * seconds / kills)
            killed = platform.kill(name)
            await asyncio.to_thread(platform.wait_back, name, killed)
        await asyncio.to_thread(feeder.join, seconds + WAIT_SECONDS)
        crowd.leave()
        await living
    return order, crowd, await settled(platform.settings, results, crowd)


async def settled(settings: Settings, results: Results, crowd: Crowd) -> list[str]:
    """What is wrong once all is counted, or after `WAIT_SECONDS`."""
    until, faults = time.monotonic() + WAIT_SECONDS, ["nothing is counted"]
    while faults and time.monotonic() < until:
        await asyncio.sleep(1)
        if await asyncio.to_thread(results.are_whole):
            faults = await asyncio.to_thread(crowd.faults, settings, results)
        else:
            faults = ["not all of the log is counted"]
    return faults
