"""Dataflows as a process of their own, a load of events with a known outcome, and what the engines say came of it."""

import random
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, TopicPartition
from redis import Redis

from features.experience import CHAT_SLOT_SECONDS, REACTION_SLOT_SECONDS, Day, day_experience, watched_minutes
from features.leaderboards import decompose
from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.kafka import producer
from livestreamx.events import MOODS, ChatMessage, Event, GiftSent, ReactionSent, ViewerHeartbeat, encode, tag_of
from livestreamx.settings import Settings
from livestreamx.topics import EVENT_TOPICS
from tests.conftest import environment

WORDS = ("LUL", "hello", "PogChamp nice", "Sadge", "what a run", "<3")


class Dataflows:
    """`python -m pipelines.everything`, ready."""

    def __init__(self, settings: Settings, *names: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.everything", *names],
            env=environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"

    def kill(self) -> None:
        """kill -9, at whatever it is doing."""
        self._process.kill()
        self._process.communicate()

    def stop(self) -> int:
        """SIGTERM; the exit code, which must come without a kill."""
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=60)
        return self._process.returncode

    @property
    def alive(self) -> bool:
        return self._process.poll() is None


@contextmanager
def dataflows(settings: Settings, *names: str) -> Iterator[Dataflows]:
    """The dataflows, ended afterwards."""
    running = Dataflows(settings, *names)
    try:
        yield running
    finally:
        if running.alive:
            running.stop()


class Cast:
    """A few streams and people, and events among them."""

    def __init__(self, seed: int = 1, streams: int = 4, people: int = 25) -> None:
        self._rng = random.Random(seed)
        self.creator = uuid7()
        self.streams = [uuid7() for _ in range(streams)]
        self.people = [uuid7() for _ in range(people)]

    def act(self) -> Event:
        """Something that somebody does now."""
        number = self._rng.randrange(len(self.people))
        common: dict[str, Any] = {
            "stream_id": self._rng.choice(self.streams),
            "creator_id": self.creator,
            "user_id": self.people[number],
            "session_id": f"session-{number}",
        }
        handle, text = f"viewer{number}", self._rng.choice(WORDS)
        match self._rng.randrange(10):
            case 0:
                return GiftSent(
                    gift_event_id=uuid7(), code="HEART", qty=1, tokens=5, paid=2, bonus=3, handle=handle, **common
                )
            case 1 | 2:
                return ReactionSent(mood=self._rng.choice(MOODS), **common)
            case 3 | 4:
                return ViewerHeartbeat(**common)
        return ChatMessage(message_id=uuid7(), handle=handle, text=text, length=len(text), **common)


class Log:
    """Writes events to Kafka and knows where its partitions end."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.kafka_bootstrap
        self._producer = producer(settings.kafka_bootstrap)

    def write(self, events: Sequence[Event]) -> None:
        """Write, and wait until the broker has them."""
        for event in events:
            self._producer.produce(event.topic.name, encode(event), key=event.key)
        assert self._producer.flush(60) == 0

    def write_raw(self, topic: str, payload: bytes, key: str) -> None:
        self._producer.produce(topic, payload, key=key)
        assert self._producer.flush(60) == 0

    def ends(self) -> dict[str, int]:
        """The end of every partition of the event topics that holds something, by place."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": "test-ends"})
        try:
            ends = {}
            for topic in EVENT_TOPICS:
                for partition in range(topic.partitions):
                    _, end = consumer.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=60)
                    if end:
                        ends[f"{topic.name}:{partition}"] = end
            return ends
        finally:
            consumer.close()


TOPICS_OF = {
    "overlays": ("economy", "lifecycle"),
    "leaderboards": ("interactions", "economy"),
    "engagement": ("interactions", "economy"),
    "progress": ("interactions", "economy"),
    "mood": ("interactions",),
}


def archived(clickhouse: Client, ends: Mapping[str, int]) -> bool:
    """Whether the archive has written all that is in the log (moods keep coming, so signals are left out)."""
    rows = clickhouse.query("SELECT topic, partition, next_offset FROM archive_offsets FINAL").result_rows
    stands = {f"{topic}:{partition}": offset for topic, partition, offset in rows}
    return all(stands.get(place) == end for place, end in ends.items() if not place.startswith("signals"))


def counted(redis: Redis, ends: Mapping[str, int], *flows: str) -> bool:
    """Whether these flows have written all that is in the log."""
    for flow in flows:
        stands = {name.decode(): int(at) for name, at in redis.hgetall(keys.flow_offsets(flow)).items()}
        if any(stands.get(place) != end for place, end in ends.items() if place.partition(":")[0] in TOPICS_OF[flow]):
            return False
    return True


def reached(redis: Redis, clickhouse: Client, log: Log) -> bool:
    """Whether every flow has written all that is in the log."""
    ends = log.ends()
    return archived(clickhouse, ends) and counted(redis, ends, *TOPICS_OF)


def expected(cast: Cast, events: Sequence[Event]) -> dict[str, Any]:
    """What must come of these events, by plain counting."""
    metrics: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    boards: Counter[tuple[str, str]] = Counter()
    gifts: Counter[tuple[UUID, str]] = Counter()
    people: set[tuple[UUID | None, str, UUID | None]] = set()
    for event in events:
        match event:
            case ChatMessage():
                people.add((event.stream_id, "chatters", event.user_id))
                metrics[event.stream_id]["messages"] += 1  # type: ignore[index]
            case ReactionSent():
                people.add((event.stream_id, "reactors", event.user_id))
                metrics[event.stream_id]["reactions"] += 1  # type: ignore[index]
            case GiftSent():
                people.add((event.stream_id, "gifters", event.user_id))
                metrics[event.stream_id].update(gifts=1, tokens=event.tokens)  # type: ignore[index]
                gifts[event.stream_id, str(event.user_id)] += event.tokens  # type: ignore[index]
                boards["creators", str(cast.creator)] += event.paid
    for stream, what, _ in people:
        metrics[stream][what] += 1  # type: ignore[index]
    kinds = Counter(tag_of(type(event)) for event in events)
    return {
        "metrics": {stream: dict(counts) for stream, counts in metrics.items()},
        "creator": boards["creators", str(cast.creator)],
        "gifts": {key: total for key, total in gifts.items() if total},
        "experience": {str(person): experience_of(person, events) for person in cast.people},
        "archive": dict(kinds),
    }


def experience_of(person: UUID, events: Sequence[Event]) -> int:
    """The experience that somebody's acts make, day by day, counted with sets."""
    marks: defaultdict[tuple[str, str], set[Any]] = defaultdict(set)
    watched: defaultdict[str, defaultdict[UUID | None, list[int]]] = defaultdict(lambda: defaultdict(list))
    paid: Counter[str] = Counter()
    came: set[date] = set()
    for event in events:
        if event.user_id != person:
            continue
        day, second = str(event.occurred_at.date()), int(event.occurred_at.timestamp())
        if not isinstance(event, GiftSent):
            came.add(event.occurred_at.date())
        match event:
            case ChatMessage():
                marks[day, "slots"].add(second // CHAT_SLOT_SECONDS)
                marks[day, "texts"].add(event.text.casefold())
            case ReactionSent():
                marks[day, "reactions"].add(second // REACTION_SLOT_SECONDS)
            case ViewerHeartbeat():
                watched[day][event.stream_id].append(int(event.occurred_at.timestamp() * 1000))
            case GiftSent():
                paid[day] += event.paid
    days = {str(event.occurred_at.date()) for event in events}
    return sum(
        day_experience(
            Day(
                slots=len(marks[day, "slots"]),
                texts=len(marks[day, "texts"]),
                reactions=len(marks[day, "reactions"]),
                watch=watched_minutes(watched[day]),
                paid=paid[day],
                streak=streak_of(date.fromisoformat(day), came),
            )
        )
        for day in days
    )


def streak_of(day: date, came: set[date]) -> int:
    """The days in a row up to this one."""
    return 0 if day not in came else 1 + streak_of(day - timedelta(days=1), came)


def seen(redis: Redis, clickhouse: Client, cast: Cast) -> dict[str, Any]:
    """What the engines say came of a cast's events, in the shape of `expected`."""
    metrics, gifts = {}, {}
    for stream in cast.streams:
        found = {name.decode(): int(value) for name, value in redis.hgetall(keys.stream_metrics(stream)).items()}
        found.pop("asOf", None)
        metrics[stream] = found
        board = redis.zrange(keys.board("gifts", "stream", str(stream)), 0, -1, withscores=True)
        gifts |= {(stream, user.decode()): decompose(composite)[0] for user, composite in board}
    creator = redis.zscore(keys.board("creators", "global", "all"), str(cast.creator))
    experience = {str(person): int(redis.hget(keys.experience(person), "xp") or 0) for person in cast.people}
    archive = clickhouse.query(
        "SELECT type, count() FROM events FINAL WHERE stream_id IN {streams:Array(UUID)} AND type != 'mood.state' "
        "GROUP BY type",
        parameters={"streams": [str(stream) for stream in cast.streams]},
    ).result_rows
    return {
        "metrics": metrics,
        "creator": decompose(creator or 0.0)[0],
        "gifts": gifts,
        "experience": experience,
        "archive": dict(archive),
    }


def forget_results(redis: Redis) -> None:
    """Delete everything that the Redis flows know: fences, memories, ids seen, results."""
    for pattern in ("flow:*", "board:*", "xp:*", "stream:*"):
        for name in redis.scan_iter(pattern, count=1000):
            redis.delete(name)
