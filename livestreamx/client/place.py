"""Where a client is in a room: the last frame seen, and what a new one means for it."""

from enum import Enum, auto
from typing import Any


class Step(Enum):
    """What to do with a frame."""

    TELL = auto()
    HAD = auto()
    COME_BACK = auto()
    """A frame before it is missing: connect again with the place as it is, and the room sends both."""


class Place:
    """The last frame seen, by `epoch` and `seq`. A `partial` view of a room has gaps by its nature."""

    def __init__(self, *, partial: bool) -> None:
        self.epoch: str | None = None
        self.seq = 0
        self._partial = partial
        self._dropped_to = 0
        self._hole_at: int | None = None

    def take(self, frame: dict[str, Any]) -> Step:
        """Go on with a server frame, if it is the next one."""
        data = frame["data"]
        match frame["event"]:
            case "room:state":
                self.epoch, self.seq, self._dropped_to = data["epoch"], data["seq"], 0
            case "frames:dropped":
                self._dropped_to = data["toSeq"]
            case _ if (seq := frame.get("seq")) is not None:
                return self._order(seq)
        return Step.TELL

    def _order(self, seq: int) -> Step:
        if self.epoch is None or seq <= self.seq:
            return Step.HAD
        # A hole that is still there after coming back is in the room itself.
        if not self._partial and seq > max(self.seq, self._dropped_to) + 1 and self._hole_at != self.seq:
            self._hole_at = self.seq
            return Step.COME_BACK
        self.seq = seq
        return Step.TELL
