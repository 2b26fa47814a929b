"""The last frames of a room. A slow or returning reader is a position in them, never a queue of its own.

Chat that the ring has overtaken is dropped; what moves money or state is kept as long again.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from livestreamx.engines.bus import Frame
from livestreamx.frames import SERVER_FRAMES
from realtime.codec import Codec

DROPPABLE = frozenset({"chat:message"})
"""What a reader that is too slow may miss, and is told so; nothing else is ever left out."""


class SharedFrame:
    """A frame of a room with its bytes in each encoding that somebody reads."""

    __slots__ = ("_sealed", "channel", "frame")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        kind = SERVER_FRAMES.get(frame.event)
        self.channel = kind.channel if kind else "stream"
        self._sealed: dict[Codec, bytes] = {}

    def sealed(self, codec: Codec) -> bytes:
        found = self._sealed.get(codec)
        if found is None:
            frame = self.frame
            found = self._sealed[codec] = codec.seal_shared(frame.event, frame.seq, frame.ts, frame.data)
        return found


class Ring:
    """The last frames of a room, their seq rising by one; `top` is the newest, also when none is kept."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._frames: deque[SharedFrame] = deque()
        self._kept: deque[SharedFrame] = deque()
        self._kept_after = 0
        self.top = 0

    @property
    def first(self) -> int:
        """The oldest seq of those without a gap; `top + 1` when there is none."""
        return self.top + 1 - len(self._frames)

    def restart(self, frames: Iterable[SharedFrame], top: int) -> None:
        """Hold these instead, the last of which is `top`."""
        self._frames = deque(frames)
        self._kept.clear()
        self.top = top
        while len(self._frames) > self.size:
            self._frames.popleft()
        self._kept_after = self.first - 1

    def append(self, shared: SharedFrame) -> None:
        assert shared.frame.seq == self.top + 1
        self._frames.append(shared)
        self.top += 1
        if len(self._frames) > self.size:
            self._overtake(self._frames.popleft())

    def _overtake(self, shared: SharedFrame) -> None:
        if shared.frame.event in DROPPABLE:
            return
        self._kept.append(shared)
        if len(self._kept) > self.size:
            self._kept_after = self._kept.popleft().frame.seq

    def reaches(self, seq: int) -> bool:
        """Whether every frame after `seq` is here."""
        return self.first <= seq + 1 <= self.top + 1

    def keeps(self, seq: int) -> bool:
        """Whether every frame after `seq` is here but for droppable ones."""
        return self._kept_after <= seq <= self.top

    def kept(self, after: int) -> list[SharedFrame]:
        """The frames after `after` and before `first` that may not be dropped."""
        return [shared for shared in self._kept if shared.frame.seq > after]

    def between(self, after: int, until: int) -> Iterator[SharedFrame]:
        """Frames with `after < seq <= until`."""
        skip = after + 1 - self.first
        return islice(self._frames, max(0, skip), max(0, until + 1 - self.first))
