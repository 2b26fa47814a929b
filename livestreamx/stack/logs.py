"""One part's log file: bounded, the run before kept beside it, its last lines at hand when the part fails."""

import threading
from collections import deque
from pathlib import Path

LIMIT_BYTES = 4 << 20
TAIL_LINES = 12
LONGEST_LINE = 4000


class PartLog:
    """Appends lines to `path`; beyond `limit` bytes, and at every start, the file moves to `<path>.1`."""

    def __init__(self, path: Path, limit: int = LIMIT_BYTES) -> None:
        self.path = path
        self._limit = limit
        self._lock = threading.Lock()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._rotate()

    def write(self, line: str) -> None:
        """Append one line, given without its end; an overlong one is cut."""
        line = line[:LONGEST_LINE]
        with self._lock:
            self._tail.append(line)
            if self._size > self._limit:
                self._file.close()
                self._rotate()
            self._size += self._file.write(line + "\n")
            self._file.flush()

    def tail(self) -> list[str]:
        """The last lines of this run, oldest first."""
        with self._lock:
            return list(self._tail)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _rotate(self) -> None:
        if self.path.exists():
            self.path.rename(self.path.with_name(self.path.name + ".1"))
        self._file = self.path.open("w", encoding="utf-8")
        self._size = 0
