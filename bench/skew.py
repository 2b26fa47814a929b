"""Habits online beside habits offline: the same events through the dataflow into Redis and through ClickHouse.

`python -m bench.skew [--samples N]` compares bonds, trends and the ranker's signals of (viewer, stream, instant).
"""

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray
from redis import Redis
from rich.console import Console

from features.affinity import NO_BONDS, Bonds
from features.channels import Channels
from features.likings import LIKING, Likings
from features.offline import read_history
from features.signals import SIGNALS, Scene, describe
from features.store import read_bonds, read_trends
from features.sweep import Sweep
from features.trend import Trends
from livestreamx import topics
from livestreamx.clock import uuid7
from livestreamx.engines import clickhouse, redis
from livestreamx.engines.migrate import migrate_clickhouse
from livestreamx.events import (
    AnyEvent,
    GiftRefunded,
    GiftSent,
    StreamStarted,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
)
from livestreamx.stack import engines_only
from pipelines.habits import habits_writer
from pipelines.records import Chunk, Record
from pipelines.rows import typed_row

GAP, HEARTBEAT, PARTITIONS = 45, 15.0, 4
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
TOLERANCE = 1e-9
"""Relative: both sides add the same numbers, in another order."""


class World:
    """Viewers who come back to channels, stay, fall silent, give and take back; every third stream is unlisted."""

    def __init__(self, viewers: int, channels: int, visits: int, days: float, seed: int = 0) -> None:
        self._draw = np.random.default_rng(seed)
        self.viewers = [uuid7() for _ in range(viewers)]
        self.channels = [uuid7() for _ in range(channels)]
        self.streams = [uuid7() for _ in range(2 * channels)]
        self.seconds = days * 86_400
        self.events: list[AnyEvent] = [event for number in range(len(self.streams)) for event in self._start(number)]
        for _ in range(visits):
            self.events += self._visit()
        self.events.sort(key=lambda event: event.occurred_at)

    def creator(self, stream: int) -> UUID:
        return self.channels[stream % len(self.channels)]

    def _start(self, stream: int) -> Iterable[AnyEvent]:
        yield StreamStarted(
            occurred_at=when(0.0),
            stream_id=self.streams[stream],
            creator_id=self.creator(stream),
            title="a stream",
            creator=f"creator_{stream % len(self.channels)}",
            visibility="unlisted" if stream % 3 == 2 else "public",
            started_at=when(0.0),
        )

    def _visit(self) -> list[AnyEvent]:
        draw, stream = self._draw, int(self._draw.integers(len(self.streams)))
        ids: dict[str, Any] = {
            "stream_id": self.streams[stream],
            "creator_id": self.creator(stream),
            "user_id": self.viewers[int(draw.pareto(1.0) * 5) % len(self.viewers)],
        }
        session = f"session-{draw.integers(10**9)}"
        at = float(draw.random()) * self.seconds
        signs = 1 + int(draw.exponential(8))
        found: list[AnyEvent] = [ViewerJoined(occurred_at=when(at), session_id=session, **ids)]
        for _ in range(signs):
            at += HEARTBEAT if draw.random() > 0.03 else GAP + 30 * float(draw.random())
            found.append(ViewerHeartbeat(occurred_at=when(at), session_id=session, **ids))
        found.append(ViewerLeft(occurred_at=when(at + 3), session_id=session, **ids))
        if draw.random() < 0.2:
            gift, tokens = uuid7(), int(draw.integers(1, 500))
            amount: dict[str, Any] = {"code": "HEART", "qty": 1, "tokens": tokens, "paid": tokens, "bonus": 0}
            found.append(GiftSent(occurred_at=when(at), gift_event_id=gift, handle="giver", **amount, **ids))
            if draw.random() < 0.2:
                later = {"occurred_at": when(at + 3600), "sent_at": when(at), "reason": "test"}
                found.append(GiftRefunded(gift_event_id=gift, **later, **amount, **ids))
        return found


class Sample(msgspec.Struct, frozen=True):
    """One viewer before one channel at one instant, as one side sees it."""

    bond: NDArray[np.float64]
    trend: NDArray[np.float64]
    signals: NDArray[np.float32]


Key = tuple[str, str, float]
Asked = Sequence[tuple[float, list[tuple[str, str]]]]
"""Instants in order, and at each pairs of viewer and creator."""


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(BEGINNING + seconds, 6), UTC)


def play(world: World, redis: Redis, url: str, asked: Asked) -> dict[Key, Sample]:
    """Bring the events to the dataflow, instant by instant, and read at each what it has written."""
    write, offsets = habits_writer(redis, GAP), defaultdict[tuple[str, int], int](int)
    online: dict[Key, Sample] = {}
    done = 0
    for at, pairs in asked:
        parts: defaultdict[tuple[str, int], list[AnyEvent]] = defaultdict(list)
        while done < len(world.events) and world.events[done].occurred_at.timestamp() < at:
            event = world.events[done]
            parts[event.topic.name, (event.stream_id or UUID(int=0)).int % PARTITIONS].append(event)
            done += 1
        for place in sorted({*offsets, *parts}, key=lambda place: (place[0] != topics.LIFECYCLE.name, place)):
            events, start = parts.get(place, []), offsets[place]
            offsets[place] += len(events)
            records = [Record(start + number, int(at * 1000), event) for number, event in enumerate(events)]
            before = start or None
            if records or before is not None:
                write([_chunk(place, before, offsets[place], records, at)])
        online |= asyncio.run(_read_online(url, at, pairs))
    return online


def _chunk(place: tuple[str, int], start: int | None, after: int, records: list[Record], at: float) -> Chunk:
    return Chunk(
        topic=place[0],
        partition=place[1],
        start=start,
        next=after,
        records=records,
        caught_up=True,
        read_ms=int(at * 1000),
    )


async def _read_online(url: str, at: float, pairs: list[tuple[str, str]]) -> dict[Key, Sample]:
    store = redis.connect(url)
    try:
        found: dict[Key, Sample] = {}
        for user, creator in pairs:
            creators, bonds = await read_bonds(store, user, at)
            row = creators.index(creator) if creator in creators else -1
            found[user, creator, at] = _sample(bonds, row, await read_trends(store, [creator], at))
        return found
    finally:
        await store.aclose()


def archive(world: World, db: Client) -> None:
    """Write the events' rows of history."""
    tables: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in world.events:
        if found := typed_row(Record(0, 0, event)):
            tables[found[0]].append(found[1])
    for table, rows in tables.items():
        columns = list(rows[0])
        db.insert(table, [[row[name] for name in columns] for row in rows], column_names=columns)


def look_back(world: World, db: Client, asked: Asked) -> dict[Key, Sample]:
    """The same samples from the history, as of each instant."""
    end = BEGINNING + world.seconds + 86_400
    history = read_history(db, until=end, gap_seconds=GAP)
    users = {user: number for number, user in enumerate(history.users)}
    creators = {creator: number for number, creator in enumerate(history.creators)}
    sweep = Sweep(history)
    offline: dict[Key, Sample] = {}
    for at, pairs in asked:
        sweep.advance(at)
        for user, creator in pairs:
            rows, bonds = sweep.of_viewer(users[user], at) if user in users else (np.zeros(0, np.int32), None)
            where = np.flatnonzero(rows == creators[creator])
            trends = sweep.of_channels(np.array([creators[creator]], np.int32), at)
            offline[user, creator, at] = _sample(bonds, int(where[0]) if len(where) else -1, trends)
    return offline


def _sample(bonds: Bonds | None, row: int, trends: Trends) -> Sample:
    own = msgspec.structs.replace(NO_BONDS, at=trends.at) if bonds is None or not len(bonds) else bonds
    order = np.lexsort((own.left, own.last, own.first)).astype(np.int32)
    place = int(np.flatnonzero(order == row)[0]) if row >= 0 else -1
    scene = Scene(
        at=trends.at,
        bonds=own.only(order),
        bond=np.array([place], np.int32),
        followed=np.zeros(1, np.bool_),
        channels=Channels.of(trends, np.array([trends.at - BEGINNING])),
        liking=Likings.of(np.zeros((1, len(LIKING)))),
    )
    bond = np.zeros(own.sums.shape[1] + 3)
    if row >= 0:
        bond = np.concatenate([own.sums[row], [own.first[row], own.last[row], own.left[row]]])
    channel = np.concatenate([trends.sums[0], trends.first, trends.last])
    return Sample(bond, channel, describe(scene, np.zeros(1, np.int32))[0])


def choose(world: World, samples: int, instants: int, seed: int = 1) -> Asked:
    """Instants in order, and at each as many pairs; two of three are pairs that something happened to before."""
    draw = np.random.default_rng(seed)
    times = np.sort(draw.random(instants)) * world.seconds * 0.98 + BEGINNING + 60
    met = [(event.occurred_at.timestamp(), str(event.user_id), str(event.creator_id)) for event in world.events]
    met = [one for one in met if one[1] != "None"]
    starts = np.array([one[0] for one in met])
    asked = []
    for at in np.round(times, 3).tolist():
        past = int(np.searchsorted(starts, at))
        pairs = []
        for number in range(samples // instants):
            if past and number % 3:
                _, user, creator = met[int(past * (1 - draw.random() ** 2))]
            else:
                user = str(world.viewers[int(draw.integers(len(world.viewers)))])
                creator = str(world.channels[int(draw.integers(len(world.channels)))])
            pairs.append((user, creator))
        asked.append((at, pairs))
    return asked


def differences(online: dict[Key, Sample], offline: dict[Key, Sample]) -> dict[str, int]:
    """How many samples differ, by what differs in them: a part, or one of the ranker's signals."""
    found: defaultdict[str, int] = defaultdict(int)
    for key, seen in online.items():
        other = offline[key]
        for part in ("bond", "trend"):
            if not np.allclose(getattr(seen, part), getattr(other, part), rtol=TOLERANCE, atol=TOLERANCE):
                found[part] += 1
        for number in np.flatnonzero(~np.isclose(seen.signals, other.signals, rtol=1e-6, atol=1e-6)).tolist():
            found[SIGNALS[number]] += 1
    return dict(found)


def compare(world: World, redis_url: str, history: Client, samples: int, instants: int) -> tuple[int, dict[str, int]]:
    """How many samples had a bond, and what differed."""
    asked = choose(world, samples, instants)
    with redis.connect_plain(redis_url) as store:
        online = play(world, store, redis_url, asked)
    archive(world, history)
    offline = look_back(world, history, asked)
    return sum(bool(sample.bond.any()) for sample in online.values()), differences(online, offline)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--instants", type=int, default=100)
    parser.add_argument("--visits", type=int, default=6000)
    asked = parser.parse_args()
    console, began = Console(), time.monotonic()
    world = World(viewers=300, channels=50, visits=asked.visits, days=10.0)
    with tempfile.TemporaryDirectory() as folder, engines_only(Path(folder)) as engines:
        migrate_clickhouse(engines.settings.clickhouse_url)
        with clickhouse.connect_plain(engines.settings.clickhouse_url) as history:
            bound, found = compare(world, engines.settings.redis_url, history, asked.samples, asked.instants)
    console.print(
        f"{len(world.events)} events; {asked.samples} samples of (viewer, stream, instant), {bound} of them "
        f"with a bond: {sum(found.values())} differences {found or ''} (goal: 0); {time.monotonic() - began:.0f} s",
        highlight=False,
    )
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
