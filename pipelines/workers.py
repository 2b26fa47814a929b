"""Several processes share the partitions of the dataflows; one that ends is started again.

Which process writes a partition is nobody's promise: the fences refuse whoever comes second, so the number of processes
may change at any time.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import structlog

from livestreamx.settings import PREFIX
from livestreamx.stack.launch import command

CHECK_SECONDS, STOP_SECONDS = 0.1, 10.0
LEAST_SECONDS = 1.0
"""Between two starts of a worker: one that lived longer starts again at once."""


class Worker:
    """One process with its share of the partitions, numbered from 1."""

    def __init__(self, number: int, count: int, flows: Sequence[str]) -> None:
        program = [sys.executable, "-m", "pipelines.everything", "--part", f"{number}/{count}", *flows]
        self._command = command(program, user="-", passage=False, death_signal=signal.SIGKILL)
        port = int(os.environ.get(f"{PREFIX}METRICS_PORT") or 0)
        self._environment = {**os.environ, f"{PREFIX}METRICS_PORT": str(port + number - 1 if port else 0)}
        self.ready = threading.Event()
        self.start()

    def start(self) -> None:
        """Start the process; `ready` once it reads."""
        self.began = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 ourselves
            self._command, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "ready":
                self.ready.set()


def keep_workers(count: int, flows: Sequence[str], stopping: threading.Event) -> None:
    """Run the flows in `count` processes until `stopping`; prints `ready` when all of them read."""
    log = structlog.get_logger("pipelines")
    workers = [Worker(number, count, flows) for number in range(1, count + 1)]
    told = False
    while not stopping.wait(CHECK_SECONDS):
        for number, worker in enumerate(workers, 1):
            if (code := worker.process.poll()) is not None:
                log.warning("worker starts again", worker=number, code=code)
                stopping.wait(max(0.0, worker.began + LEAST_SECONDS - time.monotonic()))
                worker.start()
        if not told and all(worker.ready.is_set() for worker in workers):
            told = True
            print("ready", flush=True)
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        try:
            worker.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
