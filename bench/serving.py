"""Recommendations through HTTP at scale: `python -m bench.serving [--streams N] [--users N] [--rate R] [--seconds S]`.

One API process alone on one core, real engines and the load on the other; also memory, swaps of versions under load,
and how soon acts count.
"""

import argparse
import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import numpy as np
import psutil
import psycopg
from redis import Redis
from rich.console import Console
from rich.table import Table

from bench.retrieval import make_version
from domain.accounts.tokens import AccessTokens
from features import affinity
from features.affinity import BondTable
from livestreamx import keys
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.kafka import make_topics, producer
from livestreamx.engines.migrate import migrate_clickhouse, migrate_postgres
from livestreamx.events import ViewerJoined, encode
from livestreamx.settings import Settings
from livestreamx.stack import engines_only
from livestreamx.stack.plan import environment

PATH = "/api/recommendations/streams"
HABITS = 8
CREATORS, VIEWERS, LATE = 1 << 32, 1 << 33, 1 << 34
PATIENCE = 30.0
VERSION = re.compile(rb'"modelVersion":"([^"]*)"')
GOAL_P99_MS, GOAL_RSS_MB, GOAL_ACT_S, GOAL_STREAM_S = 25.0, 400.0, 1.0, 5.0


class Place(msgspec.Struct, frozen=True):
    """Where the API is asked, and how tokens are made."""

    settings: Settings
    http: httpx.AsyncClient
    tokens: AccessTokens

    async def ask(self, viewer: UUID, token: str | None = None) -> httpx.Response:
        return await self.http.get(PATH, headers={"Authorization": f"Bearer {token or self.token(viewer)}"})

    def token(self, viewer: UUID) -> str:
        return self.tokens.issue(viewer, f"viewer_{viewer.int % VIEWERS}", ("viewer",), uuid4())


def person(base: int, number: int) -> UUID:
    return UUID(int=base + number)


def fill(settings: Settings, streams: int, users: int) -> None:
    """Accounts, live streams, and habits of every viewer."""
    with psycopg.connect(settings.postgres_url) as db:
        with db.cursor().copy("COPY users (id, handle, roles) FROM STDIN") as rows:
            for number in range(streams + 1):
                rows.write_row((person(CREATORS, number), f"creator_{number}", "{viewer,creator}"))
            for number in range(users):
                rows.write_row((person(VIEWERS, number), f"viewer_{number}", "{viewer}"))
        with db.cursor().copy("COPY streams (creator_id, title, category, status, started_at) FROM STDIN") as rows:
            for number in range(streams):
                rows.write_row(
                    (person(CREATORS, number), "an evening with friends", f"category {number % 200}", "live", "now")
                )
    table = BondTable(HABITS)
    table.arrive(np.arange(HABITS, dtype=np.int32), time.time() - np.arange(1, HABITS + 1) * 40_000.0)
    packed = affinity.pack(table.stored(slice(None)))
    draw = np.random.default_rng(2)
    with redis_engine.connect_plain(settings.redis_url) as store, store.pipeline(transaction=False) as pipe:
        for number in range(users):
            owners = draw.integers(0, streams, HABITS).tolist()
            named = {str(person(CREATORS, owner)): row for owner, row in zip(owners, packed, strict=True)}
            pipe.hset(keys.habits(person(VIEWERS, number)), mapping=named)  # type: ignore[arg-type]
            if number % 1000 == 999:
                pipe.execute()
        pipe.execute()


def start(settings: Settings, module: str, core: int) -> subprocess.Popen[str]:
    """A role of the platform on one core, ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", *module.split()],
        env={**os.environ, **environment(settings), "LSX_RATE_LIMITS": "off", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 single-threaded here
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != "ready":
        assert process.poll() is None, f"{module} ended"
    return process


async def load(place: Place, users: int, rate: float, seconds: float, seed: int) -> tuple[list[float], set[bytes], int]:
    """Poisson arrivals of different viewers: times of answers (ms), versions seen, and failed requests."""
    draw = np.random.default_rng(seed)
    arrivals = np.cumsum(draw.exponential(1 / rate, int(rate * seconds))).tolist()
    viewers = [person(VIEWERS, number) for number in draw.integers(users, size=len(arrivals)).tolist()]
    tokens = [place.token(viewer) for viewer in viewers]
    taken: list[float] = []
    versions: set[bytes] = set()
    failed = 0

    async def one(viewer: UUID, token: str) -> None:
        nonlocal failed
        began = time.perf_counter()
        try:
            answer = await place.ask(viewer, token)
        except httpx.HTTPError:
            failed += 1
            return
        taken.append((time.perf_counter() - began) * 1e3)
        failed += answer.status_code != 200
        versions.update(VERSION.findall(answer.content))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for due, viewer, token in zip(arrivals, viewers, tokens, strict=True):
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            group.create_task(one(viewer, token))
    return taken, versions, failed


async def until(holds: Callable[[], Awaitable[bool]]) -> float:
    """Seconds until it holds, looked at every 50 ms; infinite when it never does."""
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE:
        if await holds():
            return time.perf_counter() - began
        await asyncio.sleep(0.05)
    return float("inf")


async def act_counts(place: Place, streams: int) -> float:
    """A new viewer enters a stream: how long until that channel is recommended as a habit."""
    viewer, owner = person(LATE, 1), person(CREATORS, streams // 2)
    with psycopg.connect(place.settings.postgres_url) as db:
        db.execute("INSERT INTO users (id, handle) VALUES (%s, 'latecomer')", (viewer,))
        found = db.execute("SELECT id FROM streams WHERE creator_id = %s", (owner,)).fetchone()
    assert found is not None
    log = producer(place.settings.kafka_bootstrap)
    event = ViewerJoined(stream_id=found[0], creator_id=owner, user_id=viewer, session_id="bench")
    log.produce(event.topic.name, encode(event), key=event.key)
    log.flush(10)

    async def holds() -> bool:
        items = (await place.ask(viewer)).json()["items"]
        return any(item["stream"]["creatorId"] == str(owner) and item["source"] == "repeat" for item in items)

    return await until(holds)


async def stream_appears(place: Place, streams: int) -> float:
    """A followed creator goes live: how long until their stream is recommended."""
    viewer, owner = person(VIEWERS, 0), person(CREATORS, streams)
    with psycopg.connect(place.settings.postgres_url) as db:
        db.execute("INSERT INTO follows (follower_id, creator_id) VALUES (%s, %s)", (viewer, owner))
        db.execute(
            "INSERT INTO streams (creator_id, title, status, started_at) VALUES (%s, 'new', 'live', now())", (owner,)
        )

    async def holds() -> bool:
        return any(item["stream"]["creatorId"] == str(owner) for item in (await place.ask(viewer)).json()["items"])

    return await until(holds)


async def swap(store: Redis, api: psutil.Process, versions: list[str], seconds: float) -> float:
    """Promote the other version and the first one again within these seconds; the most memory seen meanwhile, MB."""
    largest, began = 0.0, time.perf_counter()
    due = [(seconds / 5, versions[1]), (seconds * 3 / 5, versions[0])]
    while (passed := time.perf_counter() - began) < seconds:
        if due and passed >= due[0][0]:
            store.set(keys.promoted_model(), due.pop(0)[1])
        largest = max(largest, megabytes(api))
        await asyncio.sleep(0.1)
    return largest


def megabytes(process: psutil.Process) -> float:
    """What the process has in memory."""
    return float(process.memory_info().rss / 2**20)


async def measure(settings: Settings, api: psutil.Process, sizes: argparse.Namespace, versions: list[str]) -> Table:
    """Everything, one after the other."""
    store: Redis = redis_engine.connect_plain(settings.redis_url)
    table = Table(title=f"{sizes.streams} live streams, {sizes.users} users, {sizes.rate:.0f} requests/s on one core")
    for column in ("what", "measured", "goal", ""):
        table.add_column(column)

    def row(what: str, value: float, unit: str, goal: float) -> None:
        table.add_row(what, f"{value:.1f} {unit}", f"<= {goal:g} {unit}", "met" if value <= goal else "missed")

    async with httpx.AsyncClient(base_url=settings.url, timeout=30) as http:
        place = Place(settings, http, AccessTokens(settings.signing_key, 60))

        async def served() -> bool:
            return bool((await place.ask(person(VIEWERS, 1))).json()["modelVersion"] == versions[0])

        await until(served)
        await load(place, sizes.users, sizes.rate, 3.0, 1)
        before = api.cpu_times()
        taken, _, failed = await load(place, sizes.users, sizes.rate, sizes.seconds, 2)
        after = api.cpu_times()
        p50, p99 = np.percentile(taken, [50, 99])
        table.add_row("p50", f"{p50:.1f} ms", "", f"{failed} failed of {len(taken)}")
        row("p99", float(p99), "ms", GOAL_P99_MS)
        cpu = (after.user - before.user + after.system - before.system) / len(taken) * 1e3
        table.add_row("CPU a request, the looks at what is live included", f"{cpu:.1f} ms", "", "")
        table.add_row("RSS of the API before", f"{megabytes(api):.0f} MB", "", "")
        swapping = asyncio.create_task(swap(store, api, versions, sizes.seconds))
        taken, seen, failed = await load(place, sizes.users, sizes.rate, sizes.seconds, 3)
        row(f"failed requests in two swaps ({len(taken)} asked, {len(seen)} versions seen)", failed, "", 0)
        row("p99 in swaps", float(np.percentile(taken, 99)), "ms", GOAL_P99_MS)
        row("RSS of the API in swaps, at most", await swapping, "MB", GOAL_RSS_MB)
        row("RSS of the API after them", megabytes(api), "MB", GOAL_RSS_MB)
        row("from an act to another answer", await act_counts(place, sizes.streams), "s", GOAL_ACT_S)
        row("from a new stream to its recommendation", await stream_appears(place, sizes.streams), "s", GOAL_STREAM_S)
    store.close()
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=20_000)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    sizes = parser.parse_args()
    os.sched_setaffinity(0, {1})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder, engines_only(Path(folder)) as engines:
        settings = msgspec.structs.replace(engines.settings, port=port)
        migrate_postgres(settings.postgres_url)
        migrate_clickhouse(settings.clickhouse_url)
        make_topics(settings.kafka_bootstrap)
        fill(settings, sizes.streams, sizes.users)
        names = [str(person(CREATORS, number)) for number in range(sizes.streams)]
        versions = [make_version(settings.models, names, np.random.default_rng(seed)) for seed in (1, 2)]
        with redis_engine.connect_plain(settings.redis_url) as store:
            store.set(keys.promoted_model(), versions[0])
        running: list[Any] = []
        try:
            running = [start(settings, "api", 0), start(settings, "pipelines.everything habits", 1)]
            Console().print(asyncio.run(measure(settings, psutil.Process(running[0].pid), sizes, versions)))
        finally:
            for process in running:
                process.terminate()
                process.wait(15)


if __name__ == "__main__":
    main()
