"""Small files that are either old or new after a crash, never torn: write aside, fsync, rename, fsync the folder."""

import os
from pathlib import Path


class DurabilityLostError(Exception):
    """An fsync failed: the kernel may have dropped the pages, so nothing unsynced may be trusted or acknowledged."""


def sync_data(descriptor: int) -> None:
    """fdatasync; a failure is a DurabilityLostError, after which only a restart with recovery is safe."""
    try:
        os.fdatasync(descriptor)
    except OSError as error:
        raise DurabilityLostError(f"fdatasync: {error}") from error


def write_durably(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`; when this returns, the new content survives a power cut."""
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        write_fully(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(aside, path)
    sync_folder(path.parent)


def write_fully(descriptor: int, content: bytes | bytearray | memoryview, position: int) -> None:
    """Write all of `content` at `position`; OSError says why it did not fit (the part written stays)."""
    remaining = memoryview(content)
    while remaining:
        written = os.pwrite(descriptor, remaining, position)
        remaining = remaining[written:]
        position += written


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
