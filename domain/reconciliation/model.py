"""What a reconciliation finds."""

from datetime import datetime
from typing import Literal

import msgspec

Place = Literal["ledger", "history", "leaderboards"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One number that differs: `subject` says which, `expected` is what the gifts in PostgreSQL make it."""

    place: Place
    subject: str
    expected: int
    found: int

    def __str__(self) -> str:
        return f"{self.place}: {self.subject}: expected {self.expected:,}, found {self.found:,}"


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """All gifts before `cut` were compared; `moving` people acted since then, so that their boards wait."""

    cut: datetime
    gifts: int
    tokens: int
    people: int
    moving: int
    findings: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        return not self.findings

    def report(self) -> str:
        """What was compared, and each difference on a line of its own."""
        told = (
            f"{self.gifts:,} gifts of {self.tokens:,} tokens until {self.cut:%Y-%m-%d %H:%M:%S} UTC, "
            f"boards of {self.people:,} people ({self.moving:,} who act right now left for the next time): "
        )
        if self.agrees:
            return told + "all agree"
        return "\n".join((f"{told}{len(self.findings)} differ", *map(str, self.findings)))
