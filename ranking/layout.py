"""A board seen through a model: the rows of the model that belong to its streams, and what finds them.

What did not change since the layout before is taken from there.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.likings import Likings, Scored
from livestreamx.pace import Rest, at_once
from ranking.artifacts import Model
from ranking.board import Board, LiveStream
from ranking.index import VectorIndex
from ranking.neighbours import Seats
from ranking.scan import Moments, Searched, SearchedAndCompared
from ranking.taste import Taste, by_neighbours

Matrix = NDArray[np.float32]
Ints = NDArray[np.int32]

TEXT_SHARE = 0.35
"""How much of likeness is text; the rest is co-watching."""
MOST_MOVED = 0.01
"""With more changed rows the moments are summed anew: nothing of them adds up over time."""
AT_ONCE = 500
"""So many streams' texts are made between two rests."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A board seen through a model, one row a stream: `row` is its creator's in the model (-1: unknown).

    `factors` and `texts` find rows by co-watching and by `text`, what the streams say of themselves; `seats` are the
    rows of the model's creators on the board.
    """

    model: Model
    board: Board
    row: Ints
    seats: Seats
    factors: VectorIndex
    moments: Moments
    texts: VectorIndex
    text: Matrix

    def likeness(self, rows: Ints) -> Matrix:
        """Vectors of these rows; the inner product of two, both cosines weighted, is how much they are alike."""
        factors, each = factors_of(self.model, self.row[rows]), self.model.knowledge.factors.vectors.shape[1]
        alike = np.empty((len(rows), each + self.text.shape[1]), np.float32)
        np.multiply(factors, (np.float32((1 - TEXT_SHARE) ** 0.5) / self.lengths(rows))[:, None], out=alike[:, :each])
        np.multiply(self.text.take(rows, axis=0), np.float32(TEXT_SHARE**0.5), out=alike[:, each:])
        return alike

    def lengths(self, rows: Ints) -> Matrix:
        """How long the factors of these rows are; a little where there are none."""
        return self.model.knowledge.factors.lengths_of(self.row[rows])

    def likings(self, taste: Taste) -> Likings:
        """What the models say of every row to this taste."""
        ease, alike, sequel = map(Scored, by_neighbours(self.model.knowledge, taste, self.seats))
        cowatch = SearchedAndCompared(
            query=taste.factor,
            index=self.factors,
            vectors=self.model.knowledge.factors.vectors,
            rows=self.row,
            moments=self.moments,
        )
        text = Searched(query=taste.text, index=self.texts, vectors=self.text)
        return Likings(ease=ease, cowatch=cowatch, alike=alike, sequel=sequel, text=text)


def factors_of(model: Model, rows: Ints) -> Matrix:
    """The factors of these creators, zeros for -1, shape [len(rows), d_factors]."""
    found = model.knowledge.factors.vectors.take(rows, axis=0)
    found[rows < 0] = 0.0
    return found


def place(board: Board, model: Model, before: Placed | None = None, rest: Rest = at_once) -> Placed:
    """Find the streams' creators in the model, and make each stream's text vector from what it says now.

    What did not change since `before` is taken from there.
    """
    if before is None or before.model is not model:
        before = None
    changed = _changed(board.streams, before.board.streams if before else ())
    if before and not len(changed) and len(board.streams) == len(before.board.streams):
        return msgspec.structs.replace(before, board=board)
    rest()
    row, text = _rows(board, model, before, changed, rest)
    position = np.full(len(model.creators), len(row), np.int32)
    position[row[row >= 0]] = np.flatnonzero(row >= 0)
    return Placed(
        model=model,
        board=board,
        row=row,
        seats=Seats(position, len(row)),
        factors=model.index.only(row),
        moments=_moments(model, row, before, changed, rest),
        texts=VectorIndex.build(text, rest),
        text=text,
    )


def _rows(board: Board, model: Model, before: Placed | None, changed: Ints, rest: Rest) -> tuple[Ints, Matrix]:
    """The model's row and the text vector of every stream; those not `changed` are as before."""
    many = len(board.streams)
    row, same = np.full(many, -1, np.int32), min(many, len(before.row)) if before else 0
    text = np.zeros((many, model.vocabulary.dimensions), np.float32)
    if before:
        row[:same], text[:same] = before.row[:same], before.text[:same]
    for first in range(0, len(changed), AT_ONCE):
        some = changed[first : first + AT_ONCE]
        new = [board.streams[number] for number in some.tolist()]
        row[some] = [model.rows.get(str(stream.creator_id), -1) for stream in new]
        text[some] = model.vocabulary.vectors_of([(stream.title, stream.category, stream.tags) for stream in new])
        rest()
    return row, text


def _moments(model: Model, row: Ints, before: Placed | None, changed: Ints, rest: Rest) -> Moments:
    """The moments of the factors of all rows."""
    if before is None or len(changed) > MOST_MOVED * len(row):
        return Moments.of(factors_of(model, row), rest)
    gone = np.concatenate([before.row[changed[changed < len(before.row)]], before.row[len(row) :]])
    return before.moments.changed(factors_of(model, gone), factors_of(model, row[changed]))


def _changed(streams: Sequence[LiveStream], before: Sequence[LiveStream]) -> Ints:
    """The rows where another stream is than before, or where it says something else."""
    pairs = enumerate(zip(streams, before, strict=False))
    other = [row for row, (stream, was) in pairs if stream is not was and not _says_the_same(stream, was)]
    return np.array([*other, *range(len(before), len(streams))], np.int32)


def _says_the_same(one: LiveStream, other: LiveStream) -> bool:
    return one.id == other.id and (one.title, one.category, one.tags) == (other.title, other.category, other.tags)
