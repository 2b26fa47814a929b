"""What a visit is: signs of life of one session in one stream, none of them further apart than a gap.

A visit begins with its first sign and is known to be over once the gap has passed after the last one; a sign after that
begins another. The same definition in SQL is `features/offline.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

MICROS = 1_000_000
SESSION_GAP_MS = 45_000
"""Silence that ends a session on dashboards and for experience; who recommends passes the gap of the settings."""

Kind = Literal["arrived", "left", "gave"]


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """A visit that goes on: whose, to which creator, its first and latest sign (us since the epoch)."""

    user: str
    creator: str
    first: int
    last: int


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What moves a bond and a trend on, at the instant it is known (s): an arrival, the end of a visit, tokens."""

    kind: Kind
    user: str
    creator: str
    at: float
    stop: float = 0.0
    minutes: float = 0.0
    tokens: float = 0.0
    since: float = 0.0
    """When the visit began that ends."""


class Visits:
    """The visits that go on in some streams, by a name of their session; changes are kept apart until `keep`."""

    def __init__(self, gap_seconds: int, going_on: Mapping[str, Visit] | None = None) -> None:
        self._gap = gap_seconds * MICROS
        self._kept: dict[str, Visit] = dict(going_on or {})
        self.changed: dict[str, Visit | None] = {}
        """What changed since the last `keep`; None for a visit that is over."""

    def __len__(self) -> int:
        return len(self._kept)

    def sign(self, name: str, user: str, creator: str, at: int, not_before: float = 0.0) -> list[Act]:
        """A sign of life at `at` (us); visits that began before `not_before` (s) are forgotten."""
        visit = self._known(name)
        if visit and visit.first / MICROS >= not_before and at - visit.last <= self._gap:
            if at > visit.last:
                self.changed[name] = msgspec.structs.replace(visit, last=at)
            return []
        self.changed[name] = Visit(user, creator, at, at)
        over = [self._over(visit)] if visit else []
        return [*over, Act(kind="arrived", user=user, creator=creator, at=at / MICROS)]

    def settle(self, before: int) -> list[Act]:
        """End the visits that are known to be over before the instant `before` (us)."""
        names = {name for name, visit in self._kept.items() if visit.last + self._gap < before}
        names |= {name for name, visit in self.changed.items() if visit and visit.last + self._gap < before}
        ended = []
        for name in sorted(names):
            visit = self._known(name)
            if visit and visit.last + self._gap < before:
                self.changed[name] = None
                ended.append(self._over(visit))
        return ended

    def drop(self) -> None:
        """Forget what changed since the last `keep`."""
        self.changed = {}

    def keep(self) -> None:
        """What changed is written."""
        for name, visit in self.changed.items():
            if visit:
                self._kept[name] = visit
            else:
                self._kept.pop(name, None)
        self.changed = {}

    def _known(self, name: str) -> Visit | None:
        return self.changed[name] if name in self.changed else self._kept.get(name)

    def _over(self, visit: Visit) -> Act:
        return Act(
            kind="left",
            user=visit.user,
            creator=visit.creator,
            at=visit.last / MICROS + self._gap / MICROS,
            stop=visit.last / MICROS,
            minutes=(visit.last - visit.first) / (60 * MICROS),
            since=visit.first / MICROS,
        )


def pairs_of(acts: Iterable[Act]) -> dict[tuple[str, str], int]:
    """The pairs of viewer and creator that these acts are about, numbered."""
    pairs: dict[tuple[str, str], int] = {}
    for act in acts:
        pairs.setdefault((act.user, act.creator), len(pairs))
    return pairs
