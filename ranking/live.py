"""What is live, kept up to date row by row: what changes is written in place, and a board is a copy of it.

A stream keeps its row while it is live, but for the last one, which takes the place of one that ended.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import trend
from features.decay import fade
from features.store import Activity
from features.trend import Trends
from livestreamx.pace import Rest, at_once, in_pieces
from ranking.board import Board, Columns, LiveStream

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

VIEWERS, ACTS, STARTED, MATURE, FIRST, LAST = range(6)
SUMS = slice(6, 6 + len(trend.HALF_LIVES))


class LiveTable:
    """The live streams and the numbers of their rooms and channels; for one thread."""

    def __init__(self) -> None:
        self._streams: list[LiveStream] = []
        self._owners: list[str] = []
        self._row: dict[UUID, int] = {}
        self._numbers, self._at = np.zeros((0, SUMS.stop)), 0.0
        self._creators: dict[str, int] | None = {}

    def __len__(self) -> int:
        return len(self._streams)

    def keep(self, streams: Iterable[LiveStream], rest: Rest = at_once) -> None:
        """These are live and no others."""
        every = {stream.id: stream for stream in in_pieces(streams, rest)}
        for gone in [known for known in self._row if known not in every]:
            self.drop(gone)
        for stream in in_pieces(every.values(), rest):
            self.put(stream)

    def put(self, stream: LiveStream) -> None:
        """This is live, and says this of itself; the numbers that are known of it stay."""
        row = self._row.get(stream.id)
        if row is None:
            row = self._append(stream)
        else:
            known = self._streams[row]
            stream = msgspec.structs.replace(stream, viewers=known.viewers, acts=known.acts)
            if stream != known:
                self._streams[row] = stream
        self._numbers[row, [STARTED, MATURE]] = stream.started, stream.mature

    def drop(self, stream: UUID) -> None:
        """This is not live any more, if it was."""
        row = self._row.pop(stream, None)
        if row is None:
            return
        last, owner, numbers = self._streams.pop(), self._owners.pop(), self._numbers[len(self._streams)]
        if row < len(self._streams):
            self._streams[row], self._owners[row], self._row[last.id] = last, owner, row
            self._numbers[row] = numbers
        self._creators = None

    def note(self, at: float, rows: Sequence[int], activity: Sequence[Activity], stored: Floats | None) -> None:
        """What goes on in these rows' rooms at this instant, and their channels' stored trends if they were to be had.

        The instants must not go back.
        """
        chosen = np.asarray(rows, np.int32)
        told = np.array([(found.viewers, found.acts) for found in activity], np.float64).reshape(-1, 2)
        for number in np.flatnonzero((self._numbers[chosen, :STARTED] != told).any(axis=1)).tolist():
            self._streams[rows[number]] = msgspec.structs.replace(
                self._streams[rows[number]], viewers=activity[number].viewers, acts=activity[number].acts
            )
        self._numbers[chosen, :STARTED] = told
        if stored is not None:
            self._fade(at)
            trends = trend.seen_at(stored, at)
            self._numbers[chosen, SUMS], self._numbers[chosen, FIRST] = trends.sums, trends.first
            self._numbers[chosen, LAST] = trends.last

    def column(self, which: int) -> Floats:
        """One number of every row, such as `VIEWERS`."""
        return self._numbers[: len(self), which]

    def names(self, rows: Sequence[int]) -> tuple[list[UUID], list[str]]:
        """The ids of these rows' streams, and those of their creators as text."""
        return [self._streams[row].id for row in rows], [self._owners[row] for row in rows]

    def board(self, at: float) -> Board:
        """All of it as of the instant `at`."""
        if self._creators is None:
            self._creators = {owner: row for row, owner in enumerate(self._owners)}
        columns = Columns(
            creators=self._creators,
            viewers=self.column(VIEWERS).copy(),
            acts=self.column(ACTS).copy(),
            started=self.column(STARTED).copy(),
            mature=self.column(MATURE) > 0,
        )
        self._fade(at)
        trends = Trends(
            at=at,
            sums=self._numbers[: len(self), SUMS].copy(),
            first=self.column(FIRST).copy(),
            last=self.column(LAST).copy(),
        )
        return Board.of(tuple(self._streams), at, trends, columns)

    def _fade(self, at: float) -> None:
        """All trends as of this instant: each column by as much, where what is stored would take a power for each."""
        self._numbers[: len(self), SUMS] *= fade(np.array([at - self._at]), trend.HALF_LIVES)
        self._at = at

    def _append(self, stream: LiveStream) -> int:
        row = len(self._streams)
        if row == len(self._numbers):
            self._numbers = np.concatenate([self._numbers, np.zeros((max(row, 64), SUMS.stop))])
        self._numbers[row] = 0.0
        self._streams.append(stream)
        self._owners.append(str(stream.creator_id))
        self._row[stream.id], self._creators = row, None
        return row
