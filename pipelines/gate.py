"""Dead letters have a cap: a few unreadable records are set aside, a flood of them stops the flow until someone looks.

A bad deploy would otherwise divert everything, and a crash loop would say nothing.
"""

from collections import defaultdict, deque
from collections.abc import Iterable

WINDOW = 1000
LIMIT = 100


class HeldBackError(RuntimeError):
    """Too many unreadable records close together: the flow waits where it stands, nothing is lost."""


class Gate:
    """Counts unreadable records per partition; keeps its memory over restarts of a flow within one process."""

    def __init__(self, limit: int = LIMIT, window: int = WINDOW) -> None:
        self._limit, self._window = limit, window
        self._bad: defaultdict[str, deque[int]] = defaultdict(deque)

    def admit(self, place: str, offsets: Iterable[int]) -> None:
        """Let these unreadable offsets pass; `HeldBackError` when the last `window` records hold more than `limit`."""
        bad = self._bad[place]
        for offset in offsets:
            if bad and offset <= bad[-1]:
                continue  # read again after a restart
            bad.append(offset)
            while bad[0] <= offset - self._window:
                bad.popleft()
            if len(bad) > self._limit:
                bad.pop()  # so that it stops here again, not further on
                raise HeldBackError(
                    f"{place}: more than {self._limit} of the last {self._window} records are unreadable, up to offset "
                    f"{offset}; the flow holds here until the cause is mended and the process started again"
                )
