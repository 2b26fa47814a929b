"""What `livestreamx up` shows: one aligned line a part, and how to go on when a part fails."""

import time

from rich.console import Console
from rich.markup import escape

from livestreamx.stack.parts import PartFailed


class ConsoleReport:
    """Writes to the terminal; notes carry the time, because they may come hours later."""

    def __init__(self) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._error = Console(stderr=True, highlight=False, soft_wrap=True)

    def ready(self, name: str, seconds: float, detail: str) -> None:
        self._out.print(f"  [green]✓[/] {name:<12}[bold]{seconds:6.1f} s[/]   [dim]{detail}[/]".rstrip())

    def note(self, text: str) -> None:
        self._out.print(f"  [yellow]•[/] [dim]{time.strftime('%H:%M:%S')}[/] {escape(text)}")

    def say(self, text: str) -> None:
        self._out.print(text)

    def failed(self, failure: Exception) -> None:
        """Why it cannot go on; a part's last log lines with it."""
        self._error.print(f"[bold red]✗ {escape(str(failure))}[/]")
        if isinstance(failure, PartFailed):
            for line in failure.tail:
                self._error.print(f"    [dim]{escape(line)}[/]")
            self._error.print(f"  whole log: {failure.log.path}")
            if failure.part.advice:
                self._error.print(f"  what to do: {escape(failure.part.advice)}")
