"""A part as it runs: started and stopped any number of times, its next process standing by where it wants one."""

import time
from collections.abc import Callable
from pathlib import Path

from livestreamx.stack.instances import Instance
from livestreamx.stack.logs import PartLog
from livestreamx.stack.parts import Part, PartFailed, describe

STANDBY_PAUSE_SECONDS = 5.0
"""Between the starts of processes that stand by: what cannot even wait does not keep the machine busy."""


def nobody_cares() -> None:
    """For whoever looks by himself whether anything has changed."""


class Process:
    """One part; all calls come from one thread, which must outlive it. `on_change`: see `Instance`."""

    def __init__(self, part: Part, logs: Path, on_change: Callable[[], None] = nobody_cares) -> None:
        self.part = part
        self.log = PartLog(logs / f"{part.name}.log")
        self._on_change = on_change
        self._instance: Instance | None = None
        self._standby: Instance | None = None
        self._began = 0.0
        self._standby_due = 0.0

    @property
    def pid(self) -> int | None:
        return self._instance.pid if self._instance else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before its first start."""
        return self._instance.exit_code if self._instance else None

    @property
    def alive(self) -> bool:
        return self._instance is not None and self._instance.alive

    @property
    def notes(self) -> list[str]:
        """What a one-shot had to say."""
        return self._instance.notes if self._instance else []

    @property
    def standby(self) -> int | None:
        """The process id of the one that stands by and would take over at once."""
        return self._standby.pid if self._standby and self._standby.stands_by.is_set() and self.has_standby else None

    @property
    def has_standby(self) -> bool:
        """Whether a process stands by, or is about to."""
        return self._standby is not None and self._standby.alive

    @property
    def seconds(self) -> float:
        """Since its start."""
        return time.monotonic() - self._began

    def start(self) -> None:
        """Start it; the process that stands by takes over if there is one."""
        self._began = time.monotonic()
        if self.part.prepare:
            self.part.prepare()
        if not self.has_standby:
            self.dismiss_standby()
        self._instance, self._standby = self._standby or Instance(self.part, self.log, self._on_change), None
        self._instance.begin()

    def keep_standby(self) -> None:
        """See that a process stands by, if the part wants one: start it, or one instead of one that died."""
        if self.part.standby and not self.has_standby and time.monotonic() >= self._standby_due:
            self.dismiss_standby()
            self._standby_due = time.monotonic() + STANDBY_PAUSE_SECONDS
            self._standby = Instance(self.part, self.log, self._on_change)

    def dismiss_standby(self) -> None:
        """End the process that stands by, at once: it has nothing to end."""
        if self._standby:
            self._standby.kill()
            self._standby = None

    def check_ready(self) -> bool:
        """Whether it is ready now; `PartFailed` once it ended or took longer than it may."""
        assert self._instance, "not started"
        code = self.exit_code
        if code is not None:
            self._instance.drain()
        if self.part.one_shot and code == 0:
            return True
        if code is not None:
            outcome = "failed with {}" if self.part.one_shot else "ended with {} before it was ready"
            raise PartFailed(self.part, outcome.format(describe(code)), self.log)
        if not self.part.one_shot and (self.part.ready() if self.part.ready else self._instance.said_ready.is_set()):
            return True
        if self.seconds > self.part.start_seconds:
            self.kill()
            raise PartFailed(self.part, f"was not ready within {self.part.start_seconds:.0f} s", self.log)
        return False

    def ask_to_stop(self) -> None:
        if self._instance and self._instance.alive:
            self._instance.ask_to_stop()

    def wait_stopped(self, seconds: float | None = None) -> bool:
        """Wait until it ended, and kill it when it takes too long; whether it ended by itself."""
        return not self._instance or self._instance.wait_stopped(self.part.stop_seconds if seconds is None else seconds)

    def kill(self) -> None:
        """End it at once, with what it started, and wait until it is gone."""
        if self._instance:
            self._instance.kill()
