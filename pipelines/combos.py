"""Combos: a streak is over when its sender adds nothing for a while, or begins another; its room hears of that once.

Streaks that go on lie in the flow's memory of their partition, written behind the fence: a restart goes on with them.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from livestreamx.frames import GiftReceived
from pipelines.effects import Effects

WINDOW_MS = 5000
"""Between two gifts of one streak; pages let the next tap come within 3 s."""

Frame = tuple[UUID | str, str, Any, UUID | str | None]


class Streak(msgspec.Struct, frozen=True):
    """A combo that goes on: its last gift, and when it is over unless another comes (ms since the epoch)."""

    stream: UUID
    last: GiftReceived
    due_ms: int

    def is_of(self, gift: GiftReceived) -> bool:
        return (self.last.comboId, self.last.code) == (gift.comboId, gift.code)

    def end(self) -> Frame:
        """The last gift once more, as the final one."""
        gift = self.last
        final = msgspec.structs.replace(gift, comboFinal=True)
        return self.stream, "gift:received", final, f"{gift.giftEventId}:final"


class Streaks:
    """The streaks of one partition, by stream and sender."""

    def __init__(self, going_on: Mapping[str, Streak]) -> None:
        self._on = dict(going_on)
        self._changed: set[str] = set()

    def take(self, stream: UUID, gift: GiftReceived, at_ms: int) -> list[Frame]:
        """Go on with the sender's streak, or begin one; the end of the one before."""
        if gift.comboId is None:
            return []
        name = f"{stream}:{gift.user.id}"
        known = self._on.get(name)
        goes_on = known is not None and known.is_of(gift)
        last = known.last if known and goes_on and known.last.comboCount > gift.comboCount else gift
        self._on[name] = Streak(stream, last, at_ms + WINDOW_MS)
        self._changed.add(name)
        return [] if known is None or goes_on else [known.end()]

    def hurry(self, stream: UUID) -> None:
        """Nothing more comes in this stream."""
        for name, streak in self._on.items():
            if streak.stream == stream:
                self._on[name] = msgspec.structs.replace(streak, due_ms=0)

    def end_due(self, at_ms: int) -> list[Frame]:
        """The ends of those whose time is over."""
        due = [name for name, streak in self._on.items() if streak.due_ms <= at_ms]
        self._changed.update(due)
        return [self._on.pop(name).end() for name in due]

    def write(self, effects: Effects, memory: str) -> bool:
        """Have what changed since the last time written; whether anything did."""
        for name in self._changed:
            if streak := self._on.get(name):
                effects.put(memory, name, msgspec.json.encode(streak).decode())
            else:
                effects.call("HDEL", memory, name)
        changed, self._changed = self._changed, set()
        return bool(changed)
