"""Wakes the thread that watches the parts: from other threads, and from signal handlers, where a lock could stop it."""

import contextlib
import os
import select


class Alarm:
    """Rings until it is heard; lives as long as its process."""

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()
        for end in (self._heard, self._rung):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Wake who waits, now or the next time."""
        with contextlib.suppress(BlockingIOError):  # it rings already
            os.write(self._rung, b"!")

    def wait(self, seconds: float) -> None:
        """Wait until it rings, at most so long."""
        if select.select([self._heard], [], [], seconds)[0]:
            os.read(self._heard, select.PIPE_BUF)
