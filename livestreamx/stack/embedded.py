"""The four engines alone, for tests and benches: real ones, on free ports, their data in a folder of yours.

with engines_only(tmp_path) as engines:
    migrate_postgres(engines.settings.postgres_url)
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from livestreamx.settings import Settings
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.parts import PartFailed
from livestreamx.stack.plan import plan_engines
from livestreamx.stack.processes import Process

POLL_SECONDS = 0.02

T = TypeVar("T")


class EmbeddedEngines:
    """PostgreSQL, Redis, ClickHouse and Kafka in `home`; not migrated, without topics.

    Engines that `settings` names by URL are used as they are. Nothing restarts by itself: `kill` leaves an engine
    down until `restart`. All methods block (a first start 2-4 s, later ones about 1 s) and may be called from any
    thread; the engines die with this process, even when it is killed.
    """

    def __init__(self, home: Path, settings: Settings | None = None) -> None:
        self._home = Home(home)
        self._given = settings or Settings(home=home)
        self._processes: dict[str, Process] = {}
        self._thread: ThreadPoolExecutor | None = None
        self.settings = self._given
        """Complete once started: the four URLs, `home` and a signing key."""

    def start(self) -> "EmbeddedEngines":
        """Start what is not given by URL and wait until it answers; `StackError` says why it cannot."""
        self._home.lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engines")  # they die with the thread that starts them
        try:
            plan = plan_engines(self._home, self._given)
            self.settings = plan.settings
            for stage in plan.stages:
                self._processes |= {part.name: Process(part, self._home.logs) for part in stage}
            self._in_thread(lambda: self._start_all(list(self._processes.values())))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End them in order; their data stays."""
        for process in reversed(self._processes.values()):
            process.ask_to_stop()
        for process in self._processes.values():
            process.wait_stopped()
            process.log.close()
        self._processes.clear()
        if self._thread:
            self._thread.shutdown()
            self._thread = None
        self._home.unlock()

    def kill(self, name: str) -> None:
        """kill -9 of one engine, and wait until it is gone."""
        self._process(name).kill()

    def restart(self, name: str) -> None:
        """Start a killed engine again at its address, or a running one anew, and wait until it answers."""
        process = self._process(name)
        process.ask_to_stop()
        process.wait_stopped()
        self._in_thread(lambda: self._start_all([process]))

    def pid(self, name: str) -> int:
        """Process id of a running engine."""
        pid = self._process(name).pid
        if pid is None or not self._process(name).alive:
            raise StackError(f"{name} is not running")
        return pid

    def __enter__(self) -> "EmbeddedEngines":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _process(self, name: str) -> Process:
        if name not in self._processes:
            raise StackError(f"{name} is not an embedded engine here: {', '.join(self._processes) or 'none runs'}")
        return self._processes[name]

    def _in_thread(self, work: Callable[[], T]) -> T:
        assert self._thread
        return self._thread.submit(work).result()

    def _start_all(self, processes: list[Process]) -> None:
        for process in sorted(processes, key=lambda one: one.part.prepare is not None):
            process.start()
        waiting = processes
        while waiting := [process for process in waiting if not self._ready(process)]:
            time.sleep(POLL_SECONDS)

    @staticmethod
    def _ready(process: Process) -> bool:
        try:
            return process.check_ready()
        except PartFailed as failure:
            lines = "\n".join(failure.tail)
            raise StackError(f"{failure}:\n{lines}") from failure


@contextmanager
def engines_only(home: Path, settings: Settings | None = None) -> Iterator[EmbeddedEngines]:
    """`EmbeddedEngines`, started for the block."""
    with EmbeddedEngines(home, settings) as engines:
        yield engines
