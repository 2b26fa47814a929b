"""One run of a dataflow: whether it should stop, and what went wrong in it.

An engine that is away ends the run, never the process: the next run starts at what was written last.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from bytewax.outputs import DynamicSink, StatelessSinkPartition
from typing_extensions import override

Item = TypeVar("Item")


class Run:
    """Shared by the source and the sinks of one run."""

    def __init__(self, stopping: threading.Event, reading: threading.Event | None = None) -> None:
        self._stopping = stopping
        self.error: Exception | None = None
        self.reading = reading or threading.Event()
        """Set once the source reads."""

    @property
    def over(self) -> bool:
        """Whether sources should end."""
        return self.error is not None or self._stopping.is_set()

    def fail(self, error: Exception) -> None:
        """End this run for a reason; what is not written yet will be read again."""
        self.error = self.error or error


class Writer(StatelessSinkPartition[Item], Generic[Item]):
    """Writes batches until the first error, which ends the run quietly."""

    def __init__(self, run: Run, write: Callable[[Sequence[Item]], None]) -> None:
        self._run, self._write = run, write

    @override
    def write_batch(self, items: list[Item]) -> None:
        if self._run.error is not None:
            return
        try:
            self._write(items)
        except Exception as error:
            self._run.fail(error)


class Sink(DynamicSink[Item], Generic[Item]):
    """A Bytewax sink over a plain function that writes a batch; `make` is called once a worker."""

    def __init__(self, run: Run, make: Callable[[], Callable[[Sequence[Item]], None]]) -> None:
        self._run, self._make = run, make

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> Writer[Any]:
        return Writer(self._run, self._make())
