"""The load client as a child process on a core of its own: connect a crowd, then one phase of load after another."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import psutil

CLIENT_CORE = 1
SERVER_CORE = 0
STAMP = "t=@@@@@@@@@@@@@@@@"
"""What the load client replaces by the time."""


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """How a server's viewers are greeted and what is published to them; sizes in bytes.

    `hello` is sent by each viewer, who is ready at `ready`; `message` is a template, written to the port `bus` if any.
    """

    path: str
    message: bytes
    hello: list[str] | None = None
    ready: str | None = None
    beat: str | None = None
    bus: int = 0


class Opened(msgspec.Struct, frozen=True):
    ready: int
    gone: int
    seconds: float


class Phase(msgspec.Struct, frozen=True):
    """What came of a phase: deliveries a second, frames lost, delays in ms, the server's CPU time a delivery in us."""

    deliveries: float
    published: int
    lost: int
    p50: float
    p99: float
    max: float
    client_cpu: float
    per_read: float
    gone: int
    cpu_us: float = 0.0


class Server(msgspec.Struct, frozen=True):
    """A running server under test."""

    pid: int
    port: int


def cpu_seconds(pid: int) -> float:
    """What a process has used, all its threads."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class Load:
    """A running load client; `opened` tells of its connecting."""

    def __init__(self, program: Path, server: Server, viewers: int, crowd: Crowd, folder: Path) -> None:
        self._pid, self._viewers = server.pid, viewers
        message, hello = folder / "message", folder / "hello"
        message.write_bytes(crowd.message)
        if crowd.hello:
            hello.write_text("\n".join(crowd.hello))
        options = [crowd.path, viewers, hello if crowd.hello else "-", crowd.ready or "-", crowd.beat or "-"]
        self._process = subprocess.Popen(
            ["taskset", "-c", str(CLIENT_CORE), program, str(server.port), *map(str, options), message, str(crowd.bus)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.opened = msgspec.json.decode(self._answer(), type=Opened)

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load client ended with {self._process.wait()}")
        return line

    def _ask(self, order: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return self._answer()

    def closed(self, window: int, seconds: float) -> Phase:
        """As fast as everybody gets it, at most so many messages in flight."""
        return self._phase(f"closed {window} {seconds}")

    def open(self, rate: float, seconds: float) -> Phase:
        """So many messages a second."""
        return self._phase(f"open {rate} {seconds}")

    def _phase(self, order: str) -> Phase:
        used = cpu_seconds(self._pid)
        phase = msgspec.json.decode(self._ask(order), type=Phase)
        cpu_us = 1e6 * (cpu_seconds(self._pid) - used) / max(1, phase.published * self._viewers - phase.lost)
        return msgspec.structs.replace(phase, cpu_us=cpu_us)

    def pause(self, viewers: int) -> None:
        """The first so many stop reading."""
        self._ask(f"pause {viewers}")

    def resume(self, viewers: int) -> None:
        self._ask(f"resume {viewers}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def serving(command: list[str], port: int, log: Path, **variables: str) -> Iterator[Server]:
    """A server on its core, once it says `ready`; what it says to standard error goes to the log."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *command],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{command} did not start:\n{log.read_text()[-2000:]}")
        yield Server(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
