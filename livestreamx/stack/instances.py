"""One run of a part's program: its process, what it says, and its end.

Its output goes to the part's log; stdout alone is read for `ready` and `note: ` lines, so stderr can never fake them.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import IO

from livestreamx.stack import launch
from livestreamx.stack.logs import PartLog
from livestreamx.stack.parts import Part

NOTE = "note: "
BEGIN = b"begin\n"


class Instance:
    """A process, from its start to its end; it dies with the thread that started it (Linux) as with this process.

    `on_change` is called, from another thread, when it has ended or has come to stand by.
    """

    def __init__(self, part: Part, log: PartLog, on_change: Callable[[], None]) -> None:
        self._part, self._log, self._on_change = part, log, on_change
        self.notes: list[str] = []
        self.said_ready, self.stands_by = threading.Event(), threading.Event()
        self._popen = subprocess.Popen(
            launch.command(part.argv, user=part.user, passage=part.passage, death_signal=part.death_signal),
            env=os.environ | part.environment,
            cwd=part.folder,
            stdin=subprocess.PIPE if part.standby else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which ends its parts in order
        )
        assert self._popen.stdout
        assert self._popen.stderr
        self._readers = [
            self._reader(self._popen.stdout, self._hear, self._note_end),
            self._reader(self._popen.stderr),
        ]

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    @property
    def alive(self) -> bool:
        return self.exit_code is None

    def begin(self) -> None:
        """Let a program that waits for it begin; one that is not there yet finds the word when it is."""
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError), self._popen.stdin as told:  # who is gone is seen to be
                told.write(BEGIN)

    def ask_to_stop(self) -> None:
        self._popen.send_signal(self._part.stop_signal)

    def wait_stopped(self, seconds: float) -> bool:
        """Wait until it ended, and kill it when it takes too long; whether it ended by itself."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self.drain()
        return True

    def kill(self) -> None:
        """End it at once, with what it started, and wait until it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        self.drain()

    def drain(self) -> None:
        """Wait for the last words of a process that has ended."""
        for reader in self._readers:
            reader.join(1.0)  # a grandchild may hold the pipe open
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()

    def _hear(self, line: str) -> None:
        if line.split(maxsplit=1)[:1] == ["ready"]:
            self.said_ready.set()
        elif line == "standing by" and self._part.standby:
            self.stands_by.set()
            self._on_change()
        elif line.startswith(NOTE) and self._part.one_shot:
            self.notes.append(line.removeprefix(NOTE))

    def _note_end(self) -> None:
        self._popen.wait()
        self._on_change()

    def _reader(
        self, stream: IO[bytes], hear: Callable[[str], None] | None = None, at_end: Callable[[], None] | None = None
    ) -> threading.Thread:
        def read() -> None:
            with stream:
                for raw in stream:
                    line = raw.decode(errors="replace").rstrip()
                    self._log.write(line)
                    if hear is not None:
                        hear(line)
            if at_end is not None:
                at_end()

        thread = threading.Thread(target=read, name=f"log of {self._part.name}", daemon=True)
        thread.start()
        return thread
