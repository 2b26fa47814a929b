"""The embedded stack on real engines: order, data that stays, kill -9 of anything, clear refusals."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from redis import Redis

from livestreamx.engines.clickhouse import connect_plain
from livestreamx.settings import Settings
from livestreamx.stack import EmbeddedEngines, Home, StackError, engines_only
from livestreamx.stack.plan import ENGINES, environment

PROGRAM = Path(__file__).with_name("small_platform.py")
ROLES = ("first", "second", "third")


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that name the folder or work in it (PostgreSQL's own children do the latter)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            gone = (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            inside = str(home) in command or Path(os.readlink(process / "cwd")).is_relative_to(home)
            if inside and not gone and int(process.name) != os.getpid():
                found.append(f"{process.name} {command}")
    return found


def write_everywhere(settings: Settings, word: str) -> None:
    """One acknowledged record in each engine."""
    with psycopg.connect(settings.postgres_url) as db:
        db.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        db.execute("INSERT INTO kept VALUES (%s)", (word,))
    with Redis.from_url(settings.redis_url) as redis:
        redis.rpush("kept", word)
    with connect_plain(settings.clickhouse_url, "default") as clickhouse:
        clickhouse.command("CREATE TABLE IF NOT EXISTS kept (word String) ENGINE = MergeTree ORDER BY word")
        clickhouse.insert("kept", [[word]], column_names=["word"])
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap, "acks": "all"})
    producer.produce("kept", word.encode())
    assert producer.flush(60) == 0


def read_everywhere(settings: Settings, count: int) -> dict[str, list[str]]:
    """The words each engine has, sorted; `count` tells the log's reader when to stop."""
    with psycopg.connect(settings.postgres_url) as db:
        words = {"postgres": [row[0] for row in db.execute("SELECT word FROM kept ORDER BY word")]}
    with Redis.from_url(settings.redis_url) as redis:
        words["redis"] = sorted(word.decode() for word in redis.lrange("kept", 0, -1))
    with connect_plain(settings.clickhouse_url, "default") as clickhouse:
        words["clickhouse"] = [row[0] for row in clickhouse.query("SELECT word FROM kept ORDER BY word").result_rows]
    options = {"group.id": "reader", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, **options})
    consumer.subscribe(["kept"])
    log: list[str] = []
    deadline = time.monotonic() + 60
    while len(log) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            log.append((message.value() or b"").decode())
    consumer.close()
    return words | {"kafka": sorted(log)}


def everywhere(*words: str) -> dict[str, list[str]]:
    return {name: sorted(words) for name in ("postgres", "redis", "clickhouse", "kafka")}


class SmallPlatform:
    """The engines and three tiny roles under the supervisor, in a process of their own."""

    def __init__(self, home: Path, code: str = "") -> None:
        self.home = Home(home)
        home.mkdir(exist_ok=True)
        self._output = home / "said.txt"
        with self._output.open("w") as output:
            command = [sys.executable, str(PROGRAM), str(home), *([code] if code else [])]
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, process_group=0)

    def wait_up(self) -> "SmallPlatform":
        wait_until(lambda: self.process.poll() is not None or self._is_up(), "up")
        assert self.process.poll() is None, self.said()
        return self

    def _is_up(self) -> bool:
        state = self.home.read_parts()
        return state.get("supervisor") == self.process.pid and bool(state["up"])

    def said(self) -> str:
        return self._output.read_text()

    def part(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.home.read_parts()["parts"][name]
        return found

    def pid(self, name: str) -> int:
        return int(self.part(name)["pid"])

    def settings(self) -> Settings:
        return Settings.from_env(self.home.announced())


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., SmallPlatform]]:
    """Starts small platforms and sees to it that they end."""
    running: list[SmallPlatform] = []

    def start(code: str = "") -> SmallPlatform:
        running.append(SmallPlatform(tmp_path / "home", code))
        return running[-1]

    yield start
    for platform in running:
        if platform.process.poll() is None:
            platform.process.send_signal(signal.SIGTERM)
            platform.process.wait(60)


def test_engines_start_keep_their_data_and_addresses_and_survive_their_own_death(tmp_path: Path) -> None:
    with engines_only(tmp_path) as engines:
        before = engines.settings
        write_everywhere(before, "acknowledged")
        for name in ENGINES:
            killed = engines.pid(name)
            engines.kill(name)
            engines.restart(name)
            assert engines.pid(name) != killed
        assert read_everywhere(before, 1) == everywhere("acknowledged")
        with psycopg.connect(before.postgres_url) as db:
            assert db.execute("SHOW fsync").fetchone() == ("on",)
    assert processes_of(tmp_path) == []
    with engines_only(tmp_path) as engines:
        assert engines.settings == before, "addresses and the signing key stay"
        write_everywhere(before, "later")
        assert read_everywhere(before, 2) == everywhere("acknowledged", "later")
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600


def test_supervisor_killed_outright_leaves_nothing_and_the_next_start_has_the_data(
    tmp_path: Path, run: Callable[..., SmallPlatform]
) -> None:
    first = run().wait_up()
    settings = first.settings()
    write_everywhere(settings, "before")
    assert len(processes_of(tmp_path / "home")) > len(ENGINES) + len(ROLES), "PostgreSQL's children are counted too"
    with psycopg.connect(settings.postgres_url) as busy:
        busy.execute("SELECT 1")
        first.process.kill()
        first.process.wait()
        wait_until(lambda: not processes_of(tmp_path / "home"), "all processes gone")
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
    with pytest.raises(StackError, match="not running"):
        first.home.announced()
    second = run().wait_up()
    assert second.settings() == settings
    write_everywhere(settings, "after")
    assert read_everywhere(settings, 2) == everywhere("before", "after")


def test_stops_in_reverse_order_with_exit_code_zero(tmp_path: Path, run: Callable[..., SmallPlatform]) -> None:
    platform = run().wait_up()
    platform.process.send_signal(signal.SIGINT)
    assert platform.process.wait(60) == 0, platform.said()
    assert (tmp_path / "home" / "ended.txt").read_text().split()[0] == "third"
    assert sorted((tmp_path / "home" / "ended.txt").read_text().split()) == sorted(ROLES)
    assert processes_of(tmp_path / "home") == []
    assert not platform.home.running_file.exists()
    said = platform.said()
    assert said.index("prepare") < said.index("first") < said.index("third")
    assert "prepared" in said, "a one-shot's note is shown"


def test_a_part_that_dies_comes_back_on_its_port(run: Callable[..., SmallPlatform]) -> None:
    platform = run().wait_up()
    settings = platform.settings()
    write_everywhere(settings, "one")
    for name in ("redis", "postgres", "first"):
        killed = platform.pid(name)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda name=name: f"{name} is back" in platform.said(), f"{name} back")  # type: ignore[misc]
        wait_until(lambda name=name, killed=killed: platform.pid(name) != killed, f"{name} known")  # type: ignore[misc]
    assert read_everywhere(settings, 1) == everywhere("one")


def test_who_stands_by_takes_over_and_the_next_one_stands_by(run: Callable[..., SmallPlatform]) -> None:
    platform = run().wait_up()
    for _ in range(2):
        wait_until(lambda: platform.part("third")["standby"], "one that stands by")
        killed, next_one = platform.pid("third"), platform.part("third")["standby"]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda killed=killed: platform.pid("third") != killed, "another third")  # type: ignore[misc]
        assert platform.pid("third") == next_one
        wait_until(lambda: platform.part("third")["state"] == "ready", "another third at work")
    platform.process.send_signal(signal.SIGTERM)
    assert platform.process.wait(60) == 0, platform.said()
    assert (platform.home.root / "ended.txt").read_text().split().count("third") == 1, "who stood by had nothing to end"
    assert processes_of(platform.home.root) == []


def test_a_part_that_dies_again_and_again_stops_the_platform(tmp_path: Path, run: Callable[..., SmallPlatform]) -> None:
    flag = tmp_path / "break"
    code = (
        f"import os, time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.01)\nraise SystemExit('lost its way')"
    )
    platform = run(code).wait_up()
    flag.touch()
    assert platform.process.wait(60) == 1
    assert "extra died 5 times within 60 s" in platform.said()
    assert "lost its way" in platform.said()
    assert processes_of(tmp_path / "home") == []


def test_a_part_that_cannot_start_shows_its_last_words(tmp_path: Path, run: Callable[..., SmallPlatform]) -> None:
    platform = run("raise SystemExit('no disk, no service')")
    assert platform.process.wait(60) == 1
    assert "extra ended with exit code 1" in platform.said()
    assert "no disk, no service" in platform.said()
    assert processes_of(tmp_path / "home") == []


def test_second_supervisor_is_refused_and_told_who_runs(tmp_path: Path, run: Callable[..., SmallPlatform]) -> None:
    first = run().wait_up()
    second = run()
    assert second.process.wait(60) == 1
    assert f"already run by process {first.process.pid}" in second.said()
    with pytest.raises(StackError, match=str(first.process.pid)):
        EmbeddedEngines(tmp_path / "home").start()
    assert first.process.poll() is None
    assert Redis.from_url(first.settings().redis_url).ping()


def test_an_engine_given_by_url_is_used_and_must_answer(tmp_path: Path) -> None:
    with engines_only(tmp_path / "one") as one:
        given = Settings(home=tmp_path / "two", redis_url=one.settings.redis_url)
        with EmbeddedEngines(tmp_path / "two", given) as two:
            assert two.settings.redis_url == one.settings.redis_url
            assert two.settings.postgres_url != one.settings.postgres_url
            with pytest.raises(StackError, match="redis is not an embedded engine"):
                two.pid("redis")
        assert Redis.from_url(one.settings.redis_url).ping(), "what runs elsewhere is not ours to stop"
    with pytest.raises(StackError, match="LSX_REDIS_URL=redis://"):
        EmbeddedEngines(tmp_path / "two", given).start()


def test_half_made_database_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.making" / "base").mkdir(parents=True)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18\n")
    with engines_only(tmp_path) as engines, psycopg.connect(engines.settings.postgres_url) as db:
        assert db.execute("SELECT current_database()").fetchone() == ("livestreamx",)
    assert not (tmp_path / "postgres.making").exists()
    assert len(list(tmp_path.glob("postgres.broken-*"))) == 1, "what cannot be used is kept aside, never deleted"


def test_killed_in_the_middle_of_making_the_database(tmp_path: Path, run: Callable[..., SmallPlatform]) -> None:
    home, making = tmp_path / "home", tmp_path / "home" / "postgres.making"
    while not making.exists():  # until the blow comes before its end
        shutil.rmtree(home, ignore_errors=True)
        first = run()
        wait_until(lambda: (making / "PG_VERSION").exists() or (home / "postgres").exists(), "initdb at work")
        first.process.kill()
        first.process.wait()
        wait_until(lambda: not processes_of(home), "everything gone with its supervisor")
    second = run().wait_up()
    with psycopg.connect(second.settings().postgres_url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_ctrl_c_while_the_database_is_being_made(tmp_path: Path, run: Callable[..., SmallPlatform]) -> None:
    platform = run()
    home = tmp_path / "home"
    wait_until(
        lambda: (home / "postgres.making" / "PG_VERSION").exists() or (home / "postgres").exists(), "initdb at work"
    )
    os.killpg(platform.process.pid, signal.SIGINT)  # a terminal signals the whole group
    assert platform.process.wait(60) == 0, platform.said()
    assert "failed" not in platform.said()
    assert processes_of(tmp_path / "home") == []


def test_stale_pid_file_that_names_a_living_process(tmp_path: Path) -> None:
    with engines_only(tmp_path):
        pass
    with subprocess.Popen(["/bin/sleep", "60"]) as bystander:
        (tmp_path / "postgres" / "postmaster.pid").write_text(f"{bystander.pid}\n{tmp_path / 'postgres'}\n1\n1\n")
        with engines_only(tmp_path) as engines, psycopg.connect(engines.settings.postgres_url) as db:
            assert db.execute("SELECT 1").fetchone() == (1,)
        assert bystander.poll() is None, "a process that only shares the number is left alone"
        bystander.kill()


def command(*arguments: str, home: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LSX_")}
    environ = {**bare, "LSX_HOME": str(home), **extra}
    line = [sys.executable, "-m", "livestreamx", *arguments]
    return subprocess.run(line, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_up_names_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = command("up", home=tmp_path, LSX_PORT=str(port))
    assert refused.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in refused.stderr
    assert f"LSX_PORT={port + 1}" in refused.stderr


def test_jobs_say_that_no_platform_runs(tmp_path: Path) -> None:
    refused = command("seed", home=tmp_path)
    assert refused.returncode == 1
    assert "the platform is not running" in refused.stderr
    assert "livestreamx up" in refused.stderr


def test_doctor_fails_until_everything_is_there(tmp_path: Path) -> None:
    with engines_only(tmp_path / "engines") as engines:
        addresses = environment(msgspec.structs.replace(engines.settings, home=tmp_path / "own"))
        empty = command("doctor", home=tmp_path / "own", **addresses)
        assert empty.returncode == 1, empty.stdout + empty.stderr
        assert "kafka topics" in empty.stdout
        assert "livestreamx migrate" in empty.stdout
        migrated = command("migrate", home=tmp_path / "own", **addresses)
        assert migrated.returncode == 0, migrated.stderr
        healthy = command("doctor", home=tmp_path / "own", **addresses)
        assert healthy.returncode == 0, healthy.stdout + healthy.stderr
        assert "up to date" in healthy.stdout
        engines.kill("redis")
        broken = command("doctor", home=tmp_path / "own", **addresses)
        assert broken.returncode == 1
        assert "LSX_REDIS_URL" in broken.stdout
