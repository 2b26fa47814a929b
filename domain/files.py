"""Files that people bring, on their way into a folder of the platform: under its name each is whole or not at all."""

import os
import time
from pathlib import Path

ABANDONED_SECONDS = 24 * 3600
"""A part that is older was left by a process that was killed."""


class Arriving:
    """A file that is being written; `settle` gives it its name, `discard` takes it away, whatever has become of it."""

    def __init__(self, folder: Path, stem: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        self._stem = folder / stem
        self.path = self._stem.with_suffix(".part")
        self.size = 0
        self._file = self.path.open("wb")

    def write(self, more: bytes | bytearray) -> None:
        self.size += self._file.write(more)

    def close(self) -> None:
        """All that was written can be read now."""
        self._file.close()

    def settle(self, kind: str) -> None:
        """On disk, under its name."""
        self._file.close()
        with self.path.open("rb") as written:
            os.fsync(written.fileno())
        self.path = self.path.replace(self._stem.with_suffix(f".{kind}"))

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Take away the parts of files that nobody writes any more."""
    for part in folder.glob("*.part"):
        try:
            if part.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                part.unlink()
        except FileNotFoundError:  # it has settled meanwhile
            continue
