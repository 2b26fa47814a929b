"""Starts a plan's parts in order, restarts the ones that die, and ends all in reverse order.

One thread does everything: the parts' death signals are bound to the thread that started them.
"""

import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from types import FrameType
from typing import Protocol

from livestreamx.stack.alarm import Alarm
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.parts import Part, PartFailed, describe
from livestreamx.stack.plan import Plan, environment
from livestreamx.stack.processes import Process

STARTING_POLL_SECONDS = 0.02
WATCH_POLL_SECONDS = 0.2
MOST_DEATHS, DEATHS_SECONDS = 5, 60.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 8.0
IMPATIENCE_SECONDS = 1.0
ANNOUNCED = ("HOME", "HOST", "PORT", "POSTGRES_URL", "REDIS_URL", "KAFKA_BOOTSTRAP", "CLICKHOUSE_URL")


class Stopped(Exception):
    """A person or the system asked to stop while parts were starting."""


class Report(Protocol):
    """Where the supervisor tells what happens."""

    def ready(self, name: str, seconds: float, detail: str) -> None: ...

    def note(self, text: str) -> None: ...


class Watched:
    """A long-lived part: its process, when it died lately, and when it is to be started again."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.deaths: deque[float] = deque()
        self.starts_at: float | None = None
        self.starting = False
        self.standby: int | None = None
        """The process that stands by, as it was published last."""

    def died(self) -> float:
        """Note a death; the seconds to wait before the next start, or `StackError` after too many."""
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - DEATHS_SECONDS:
            self.deaths.popleft()
        if len(self.deaths) >= MOST_DEATHS:
            raise PartFailed(
                self.process.part, f"died {len(self.deaths)} times within {DEATHS_SECONDS:.0f} s", self.process.log
            )
        return min(FIRST_PAUSE_SECONDS * float(2 ** (len(self.deaths) - 1)), LONGEST_PAUSE_SECONDS)


class Supervisor:
    """Runs one plan in a home that the caller has locked."""

    def __init__(self, home: Home, plan: Plan, report: Report) -> None:
        self._home = home
        self._plan = plan
        self._report = report
        self._alarm = Alarm()
        self._stopping = False
        self._asked_at: float | None = None
        self._at_once = False
        self._stages: list[list[Watched]] = []
        self._up = False

    def catch_signals(self) -> None:
        """The first Ctrl-C, SIGTERM or SIGHUP stops in order, the second one at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, self._on_signal)

    def start(self) -> list[str]:
        """Start every stage; the one-shots' notes. `PartFailed` when a part does not start, `Stopped` on a signal."""
        notes: list[str] = []
        for name in self._plan.external:
            self._report.ready(name, 0.0, "runs elsewhere")
        for stage in self._plan.stages:
            watched = [Watched(Process(part, self._home.logs, self._alarm.ring)) for part in stage]
            self._stages.append(watched)
            self._start_stage(watched)
            notes += [note for one in watched for note in one.process.notes]
            if not self._home.running_file.exists():
                self._announce()
        self._up = True
        self._publish()
        return notes

    def watch(self) -> None:
        """Keep the parts alive until told to stop; `PartFailed` when one dies again and again."""
        while not self._stopping:
            for watched in self._lasting():
                self._keep(watched)
            self._alarm.wait(STARTING_POLL_SECONDS if self._recovering() else WATCH_POLL_SECONDS)

    def stop(self) -> None:
        """End all parts, the last started first."""
        for stage in reversed(self._stages):
            for one in stage:
                one.process.dismiss_standby()
            running = [one.process for one in stage if one.process.alive]
            for process in running:
                process.ask_to_stop()
            for process in reversed(running):
                deadline = time.monotonic() + process.part.stop_seconds
                while process.alive and time.monotonic() < deadline and not self._at_once:
                    time.sleep(STARTING_POLL_SECONDS)
                if not process.wait_stopped(0):
                    self._report.note(f"{process.part.name} did not end in time and was killed")
        for stage in self._stages:
            for watched in stage:
                watched.process.log.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        self._asked_at = self._asked_at or now
        self._at_once = now - self._asked_at > IMPATIENCE_SECONDS  # one Ctrl-C may reach us twice, by way of a parent
        self._stopping = True
        self._alarm.ring()

    def _start_stage(self, stage: Sequence[Watched]) -> None:
        for watched in sorted(stage, key=lambda one: one.process.part.prepare is not None):  # what prepares, waits
            watched.process.start()
        self._publish()
        waiting = list(stage)
        while waiting:
            for watched in list(waiting):
                if watched.process.check_ready():
                    waiting.remove(watched)
                    self._report.ready(watched.process.part.name, watched.process.seconds, detail(watched.process.part))
            if waiting:
                self._alarm.wait(STARTING_POLL_SECONDS)
            if self._stopping:
                raise Stopped

    def _keep(self, watched: Watched) -> None:
        """One look at a part: note its death, start it again when its pause is over, see it become ready."""
        process, name = watched.process, watched.process.part.name
        if watched.starts_at is not None:
            if time.monotonic() >= watched.starts_at:
                watched.starts_at = None
                self._restart(watched)
        elif watched.starting:
            try:
                if process.check_ready():
                    watched.starting = False
                    self._report.note(f"{name} is back after {process.seconds:.1f} s")
                    self._publish()
            except PartFailed as failure:
                self._bury(watched, str(failure))
        elif not process.alive:
            self._bury(watched, f"{name} ended with {describe(process.exit_code or 0)}")
        else:
            process.keep_standby()
            if process.standby != watched.standby:
                watched.standby = process.standby
                self._publish()

    def _restart(self, watched: Watched) -> None:
        try:
            watched.process.start()
        except StackError as error:
            self._bury(watched, str(error))
            return
        watched.starting = True
        self._publish()

    def _bury(self, watched: Watched, reason: str) -> None:
        watched.starting = False
        pause, log = watched.died(), watched.process.log.path
        if watched.process.has_standby:
            self._restart(watched)
            self._report.note(f"{reason}; the process that stood by takes over (log: {log})")
            return
        watched.starts_at = time.monotonic() + pause
        self._report.note(f"{reason}; it starts again in {pause:.1f} s (log: {log})")
        self._publish()

    def _lasting(self) -> list[Watched]:
        return [one for stage in self._stages for one in stage if not one.process.part.one_shot]

    def _recovering(self) -> bool:
        return any(one.starting or one.starts_at is not None for one in self._lasting())

    def _announce(self) -> None:
        variables = environment(self._plan.settings)
        self._home.announce({f"LSX_{name}": variables[f"LSX_{name}"] for name in ANNOUNCED})

    def _publish(self) -> None:
        parts = {
            one.process.part.name: {
                "pid": one.process.pid,
                "state": "ready" if one.process.alive and not one.starting else "starting",
                "deaths": len(one.deaths),
                "standby": one.process.standby,
            }
            for one in self._lasting()
        }
        elsewhere = {"pid": None, "state": "elsewhere", "deaths": 0, "standby": None}
        external = dict.fromkeys(self._plan.external, elsewhere)
        self._home.write_parts({"supervisor": os.getpid(), "up": self._up, "parts": external | parts})


def detail(part: Part) -> str:
    """The port of a part that serves one, for its line."""
    for option in ("--port", "-p"):
        if option in part.argv:
            return f"port {part.argv[part.argv.index(option) + 1]}"
    return ""
