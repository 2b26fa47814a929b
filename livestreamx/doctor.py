"""`livestreamx doctor`: one line a check, each with what to do where something is wrong.

Checks of the machine come first; those of engines and roles run against the running platform or the given URLs.
"""

import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeVar

from livestreamx.settings import PREFIX, Settings
from livestreamx.stack.home import Home, StackError, is_free

WHEELS = "argon2 bytewax chdb clickhouse_connect confluent_kafka faiss litestar numpy psycopg redis uvicorn".split()
LEAST_DISK_BYTES, COMFORTABLE_DISK_BYTES = 512 << 20, 4 << 30
SLOW_MS = 250.0
MOST_SKEW_SECONDS = 2.0
MARKS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[bold red]✗[/]"}
TIMEOUT_SECONDS = 5

State = Literal["ok", "warn", "fail"]
T = TypeVar("T")


class Finding(NamedTuple):
    """One line: what was looked at, how it is, and what to do."""

    name: str
    state: State
    text: str
    advice: str = ""


def examine(settings: Settings) -> int:
    """Print every finding; 1 when something fails, else 0."""
    from rich.console import Console
    from rich.markup import escape

    out = Console(highlight=False, soft_wrap=True)
    worst = 0
    for finding in findings(settings):
        out.print(f"  {MARKS[finding.state]} {finding.name:<22} {escape(finding.text)}")
        if finding.advice and finding.state != "ok":
            out.print(f"    {'':<22} [dim]→ {escape(finding.advice)}[/]")
        worst = max(worst, finding.state == "fail")
    return int(worst)


def findings(settings: Settings) -> Iterator[Finding]:
    """All checks in order; what depends on something that is missing is left out."""
    yield python_version()
    yield from wheels()
    yield from home_folder(settings)
    home = Home(settings.home)
    supervisor = home.holder()
    yield port(settings, supervisor)
    if supervisor is None:
        yield Finding("platform", "warn", f"not running in {home.root}", "start it with `livestreamx up`")
        addressed = settings
    else:
        yield Finding("platform", "ok", f"run by process {supervisor}")
        addressed = Settings.from_env({**os.environ, **running_variables(home)})
        yield from parts(home)
    yield from engines(addressed)


def running_variables(home: Home) -> dict[str, str]:
    """What a platform has announced; nothing while it is still starting."""
    try:
        return home.announced()
    except StackError:
        return {}


def python_version() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding("python", "ok" if fits else "fail", version, "install Python 3.11 or 3.12 and run `make run` again")


def wheels() -> Iterator[Finding]:
    """Whether the packages that carry native code load on this machine, and the engines' binaries are there."""
    from livestreamx.stack import postgres, redis

    broken = []
    for name in WHEELS:
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            broken.append(f"{name} ({error})")
    advice = "run `make run` again, or `pip install -c constraints.txt .` into this Python"
    if broken:
        yield Finding("packages", "fail", "cannot be loaded: " + "; ".join(broken), advice)
    else:
        yield Finding("packages", "ok", f"{len(WHEELS)} native packages load")
    try:
        yield Finding("engine binaries", "ok", f"{postgres.binaries_folder() / 'postgres'}, {redis.binary()}")
    except StackError as error:
        yield Finding("engine binaries", "fail", str(error), advice)


def home_folder(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder can be written, PostgreSQL may live there, and there is room."""
    from livestreamx.stack import postgres

    folder = settings.home.expanduser().resolve()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("data folder", "fail", f"{there} cannot be written", "choose another one: LSX_HOME=...")
        return
    yield Finding("data folder", "ok", str(folder))
    if not settings.postgres_url:
        try:
            account = postgres.account_for(folder / "postgres", postgres.binaries_folder())
            user = "this user" if account.user == "-" else f"user {account.user}"
            yield Finding("postgres account", "ok", f"runs as {user}")
        except StackError as error:
            yield Finding("postgres account", "fail", str(error), "choose another folder: LSX_HOME=...")
    free = shutil.disk_usage(there).free
    state: State = "fail" if free < LEAST_DISK_BYTES else "warn" if free < COMFORTABLE_DISK_BYTES else "ok"
    yield Finding("free disk", state, f"{free / 1e9:.1f} GB", "make room: engines stop writing when the disk is full")


def port(settings: Settings, supervisor: int | None) -> Finding:
    """Whether the address of pages and sockets is free, or ours."""
    where = f"{settings.host}:{settings.port}"
    if is_free(settings.host, settings.port):
        return Finding("port", "ok", f"{where} is free")
    if supervisor is not None:
        return Finding("port", "ok", f"{where} is in use, by the running platform or another program")
    return Finding("port", "fail", f"{where} is taken by another program", f"LSX_PORT={settings.port + 1}, or end it")


def parts(home: Home) -> Iterator[Finding]:
    """Whether every part of the running platform lives."""
    state = home.read_parts()
    for name, part in state.get("parts", {}).items():
        advice = f"see {home.logs / name}.log"
        if part["state"] == "elsewhere":
            continue
        if part["state"] != "ready" or not is_alive(part["pid"]):
            yield Finding(f"part {name}", "fail", "not running; the supervisor is starting it again", advice)
        elif part["deaths"]:
            yield Finding(f"part {name}", "warn", f"runs, but died {part['deaths']} times lately", advice)
        else:
            yield Finding(f"part {name}", "ok", f"process {part['pid']}")
    if state and not state.get("up"):
        yield Finding("start", "warn", "the platform is still starting", "wait for its address to be printed")


def is_alive(pid: int) -> bool:
    """Whether the process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's, such as PostgreSQL's
    return True


def engines(settings: Settings) -> Iterator[Finding]:
    """Reachability with latency, and whether what the platform needs is in each engine."""
    checks: dict[str, Callable[[Settings], list[Finding]]] = {
        "postgres_url": check_postgres,
        "redis_url": check_redis,
        "clickhouse_url": check_clickhouse,
        "kafka_bootstrap": check_kafka,
    }
    for field, check in checks.items():
        if not getattr(settings, field):
            continue
        name = field.partition("_")[0]
        try:
            yield from check(settings)
        except Exception as error:  # whatever a client raises is the finding
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            advice = f"check that it runs and that {PREFIX}{field.upper()} names it"
            yield Finding(name, "fail", f"does not answer: {reason}", advice)


def check_postgres(settings: Settings) -> list[Finding]:
    import psycopg

    with psycopg.connect(settings.postgres_url, connect_timeout=TIMEOUT_SECONDS) as db:
        answer, found = latency("postgres", lambda: db.execute("SELECT clock_timestamp()").fetchone())
        there = db.execute("SELECT to_regclass('migration') IS NOT NULL").fetchone()
        rows = db.execute("SELECT name, checksum FROM migration").fetchall() if there and there[0] else []
    skew = abs((answer[0] - datetime.now(UTC)).total_seconds()) if answer else 0.0
    advice = "let both machines follow NTP: tokens, sessions and windows depend on the clock"
    clock = Finding("clock", "ok" if skew < MOST_SKEW_SECONDS else "fail", f"{skew:.3f} s from PostgreSQL's", advice)
    return [found, clock, migrations("postgres", dict(rows))]


def check_redis(settings: Settings) -> list[Finding]:
    from redis import Redis

    with Redis.from_url(settings.redis_url, socket_timeout=TIMEOUT_SECONDS) as client:
        return [latency("redis", client.ping)[1]]


def check_clickhouse(settings: Settings) -> list[Finding]:
    from livestreamx.engines.clickhouse import DATABASE, connect_plain

    with connect_plain(settings.clickhouse_url, "default") as client:
        found = latency("clickhouse", lambda: client.command("SELECT 1"))[1]
        there = client.command(f"EXISTS TABLE {DATABASE}.migration") == 1
        rows = client.query(f"SELECT name, checksum FROM {DATABASE}.migration FINAL").result_rows if there else []  # noqa: S608
    return [found, migrations("clickhouse", {row[0]: row[1] for row in rows})]


def check_kafka(settings: Settings) -> list[Finding]:
    from confluent_kafka.admin import AdminClient

    from livestreamx.topics import ALL

    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap, "log_level": 0})
    listing, found = latency("kafka", lambda: admin.list_topics(timeout=TIMEOUT_SECONDS))
    missing = [topic.name for topic in ALL if topic.name not in listing.topics]
    text = f"missing: {', '.join(missing)}" if missing else f"all {len(ALL)} there"
    return [found, Finding("kafka topics", "fail" if missing else "ok", text, "run `livestreamx migrate`")]


def latency(name: str, ask: Callable[[], T]) -> tuple[T, Finding]:
    """The answer, and how long it took the second time (the first one warms the connection up)."""
    ask()
    began = time.perf_counter()
    answer = ask()
    took = (time.perf_counter() - began) * 1000
    advice = "the machine is busy or the engine is far away"
    return answer, Finding(name, "ok" if took < SLOW_MS else "warn", f"answers in {took:.1f} ms", advice)


def migrations(engine: str, applied: dict[str, str]) -> Finding:
    """Whether every migration of this version is applied, unchanged."""
    from livestreamx.engines.migrate import MigrationError, pending, read

    name = f"{engine} migrations"
    try:
        missing = [migration.name for migration in pending(read(engine), applied)]
    except MigrationError as error:
        return Finding(name, "fail", str(error), "this database belongs to another version of the code")
    if missing:
        return Finding(name, "fail", f"not applied: {', '.join(missing)}", "run `livestreamx migrate`")
    return Finding(name, "ok", f"up to date ({len(applied)})")
