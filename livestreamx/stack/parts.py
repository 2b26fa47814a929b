"""A part of the platform: a process with a name, a way to tell that it is ready, and a way to end.

Its output goes to its log; stdout alone is read for `ready` and `note: ` lines, so stderr can never fake them.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from livestreamx.stack import launch
from livestreamx.stack.home import StackError
from livestreamx.stack.logs import PartLog
from livestreamx.stack.probes import Probe

NOTE = "note: "


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What to start and how to know it. A one-shot is ready when it has ended well."""

    name: str
    argv: list[str]
    environment: dict[str, str] = {}
    ready: Probe | None = None
    """Asked until true; without it, the part prints a line that begins with `ready`."""
    prepare: Callable[[], None] | None = None
    """Run before each start; `StackError` when the part cannot start."""
    one_shot: bool = False
    user: str = "-"
    passage: bool = False
    folder: str | None = None
    """Working directory."""
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    """Sent by the kernel when the supervisor is gone."""
    start_seconds: float = 90.0
    stop_seconds: float = 10.0
    advice: str = ""
    """What a person can do when it does not start."""


class PartFailed(StackError):
    """A part that did not start; carries its last log lines."""

    def __init__(self, part: Part, reason: str, log: PartLog) -> None:
        self.part, self.log, self.tail = part, log, log.tail()
        super().__init__(f"{part.name} {reason}")


class Process:
    """One part, started and stopped any number of times; all calls come from one thread, which must outlive it."""

    def __init__(self, part: Part, logs: Path) -> None:
        self.part = part
        self.log = PartLog(logs / f"{part.name}.log")
        self.notes: list[str] = []
        self._popen: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._said_ready = threading.Event()
        self._began = 0.0

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before its first start."""
        return self._popen.poll() if self._popen else None

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it; it dies with the calling thread (Linux) as with this process."""
        self._began = time.monotonic()
        self._said_ready.clear()
        if self.part.prepare:
            self.part.prepare()
        part = self.part
        self._popen = subprocess.Popen(
            launch.command(part.argv, user=part.user, passage=part.passage, death_signal=part.death_signal),
            env=os.environ | self.part.environment,
            cwd=self.part.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which ends its parts in order
        )
        assert self._popen.stdout
        assert self._popen.stderr
        self._readers = [
            self._reader(self._popen.stdout, self._hear),
            self._reader(self._popen.stderr, None),
        ]

    def check_ready(self) -> bool:
        """Whether it is ready now; `PartFailed` once it ended or took longer than it may."""
        code = self.exit_code
        if self.part.one_shot and code == 0:
            self._drain()
            return True
        if code is not None:
            self._drain()
            outcome = "failed with {}" if self.part.one_shot else "ended with {} before it was ready"
            raise PartFailed(self.part, outcome.format(describe(code)), self.log)
        if not self.part.one_shot and (self.part.ready() if self.part.ready else self._said_ready.is_set()):
            return True
        if time.monotonic() - self._began > self.part.start_seconds:
            self.kill()
            raise PartFailed(self.part, f"was not ready within {self.part.start_seconds:.0f} s", self.log)
        return False

    @property
    def seconds(self) -> float:
        """Since its start."""
        return time.monotonic() - self._began

    def ask_to_stop(self) -> None:
        if self._popen and self.alive:
            self._popen.send_signal(self.part.stop_signal)

    def wait_stopped(self, seconds: float | None = None) -> bool:
        """Wait until it ended, and kill it when it takes too long; whether it ended by itself."""
        if not self._popen:
            return True
        try:
            self._popen.wait(self.part.stop_seconds if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._drain()
        return True

    def kill(self) -> None:
        """End it at once, with what it started, and wait until it is gone."""
        if self._popen and self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        self._drain()

    def _hear(self, line: str) -> None:
        if line.split(maxsplit=1)[:1] == ["ready"]:
            self._said_ready.set()
        elif line.startswith(NOTE) and self.part.one_shot:
            self.notes.append(line.removeprefix(NOTE))

    def _reader(self, stream: IO[bytes], hear: Callable[[str], None] | None) -> threading.Thread:
        def read() -> None:
            with stream:
                for raw in stream:
                    line = raw.decode(errors="replace").rstrip()
                    self.log.write(line)
                    if hear:
                        hear(line)

        thread = threading.Thread(target=read, name=f"log of {self.part.name}", daemon=True)
        thread.start()
        return thread

    def _drain(self) -> None:
        for reader in self._readers:
            reader.join(1.0)  # a grandchild may hold the pipe open


def describe(code: int) -> str:
    """An exit code for people."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
