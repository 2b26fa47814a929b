"""The one place that reads the wall clock and makes ids, so that tests can hold both still."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7

_frozen: ContextVar["FrozenClock | None"] = ContextVar("frozen_clock", default=None)


class FrozenClock:
    """A clock that only moves when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def advance(self, by: timedelta) -> None:
        self.at += by


def now() -> datetime:
    """The current time, UTC, timezone-aware, to the microsecond."""
    frozen = _frozen.get()
    return frozen.at if frozen else datetime.now(UTC)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    frozen = _frozen.get()
    return int(frozen.at.timestamp() * 1000) if frozen else time.time_ns() // 1_000_000


def at_ms(ms: int) -> datetime:
    """The moment so many milliseconds after the epoch."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def uuid7() -> UUID:
    """A time-ordered id (RFC 9562, version 7)."""
    return _uuid7()


def made_at(uuid: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond: its first 48 bits are the time (RFC 9562)."""
    return at_ms(uuid.int >> 80)


def made_ms(uuid: str) -> int:
    """The same for its 32 hexadecimal digits, in milliseconds since the epoch."""
    return int(uuid[:12], 16)


@contextmanager
def frozen(at: datetime) -> Iterator[FrozenClock]:
    """Hold the clock of this context at `at`."""
    clock = FrozenClock(at)
    token = _frozen.set(clock)
    try:
        yield clock
    finally:
        _frozen.reset(token)
