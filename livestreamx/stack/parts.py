"""A part of the platform: a program with a name, a way to tell that it is ready, and a way to end."""

import signal
from collections.abc import Callable

import msgspec

from livestreamx.stack.home import StackError
from livestreamx.stack.logs import PartLog
from livestreamx.stack.probes import Probe


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What to start and how to know it. A one-shot is ready when it has ended well."""

    name: str
    argv: list[str]
    environment: dict[str, str] = {}
    ready: Probe | None = None
    """Asked until true; without it, the part prints a line that begins with `ready`."""
    prepare: Callable[[], None] | None = None
    """Run before each start; `StackError` when the part cannot start."""
    one_shot: bool = False
    standby: bool = False
    """Whether a second process of it stands by. Its program begins at a line on standard input, ends at its end, and
    prints `standing by` once it waits for either."""
    user: str = "-"
    passage: bool = False
    folder: str | None = None
    """Working directory."""
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    """Sent by the kernel when the supervisor is gone."""
    start_seconds: float = 90.0
    stop_seconds: float = 10.0
    advice: str = ""
    """What a person can do when it does not start."""


class PartFailed(StackError):
    """A part that did not start; carries its last log lines."""

    def __init__(self, part: Part, reason: str, log: PartLog) -> None:
        self.part, self.log, self.tail = part, log, log.tail()
        super().__init__(f"{part.name} {reason}")


def describe(code: int) -> str:
    """An exit code for people."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
