"""What is live right now, laid out for scoring: the streams, and the rows of a model that belong to them.

A board never changes: the next look at the platform makes a new one.
"""

from collections.abc import Sequence, Set
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import trend
from features.affinity import NO_BONDS, Bonds
from features.signals import LIKING, Scene
from features.trend import Trends
from ranking.artifacts import Model
from ranking.index import CreatorIndex, side_by_side
from ranking.reasons import FRESH_SECONDS
from ranking.shortlist import ENOUGH, Leaders, foremost, in_order, shortlist, united
from ranking.taste import Taste, likings, taste_of

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

NEIGHBOURS, CROWDED = 60, 40
NEAR_AGED = 0.01
"""The index of live creators is made anew once so many of its rows have changed."""


class LiveStream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A live public stream; `acts` is what viewers did in the last minutes, times are seconds since the epoch."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    category: str
    tags: tuple[str, ...]
    language: str
    mature: bool
    started: float
    created: float = 0.0
    scheduled: float | None = None
    viewers: int = 0
    acts: int = 0


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: whom they follow, and their bonds, one row for each of `creators`; all by the creators' ids as text."""

    id: UUID
    creators: tuple[str, ...] = ()
    bonds: Bonds = NO_BONDS
    follows: Set[str] = frozenset()
    banned_by: Set[str] = frozenset()


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What a board takes from its streams, one row each; `creators` holds the row of each creator's stream."""

    creators: dict[str, int]
    viewers: Floats
    acts: Floats
    started: Floats
    mature: Flags

    @classmethod
    def of(cls, streams: Sequence[LiveStream]) -> "Columns":
        """The columns of these streams."""
        return cls(
            creators={str(stream.creator_id): row for row, stream in enumerate(streams)},
            viewers=np.array([stream.viewers for stream in streams], np.float64),
            acts=np.array([stream.acts for stream in streams], np.float64),
            started=np.array([stream.started for stream in streams], np.float64),
            mature=np.array([stream.mature for stream in streams], np.bool_),
        )


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The live streams at the instant `at`, with the columns that do not depend on the viewer."""

    at: float
    streams: tuple[LiveStream, ...]
    creators: dict[str, int]
    """The row of each creator's stream; a creator has one at a time."""
    viewers: Floats
    age: Floats
    mature: NDArray[np.bool_]
    trending: Floats
    """How much is going on: viewers first, what they do second, a little for a fresh start."""
    trends: Trends
    leaders: Leaders
    busiest: Ints
    """All rows by what is going on, most first."""

    @classmethod
    def of(
        cls,
        streams: tuple[LiveStream, ...],
        at: float,
        trends: Trends | None = None,
        columns: Columns | None = None,
    ) -> "Board":
        """A board of these streams; `trends` are their channels', unknown ones by default.

        `columns` are what the streams say, where it is at hand.
        """
        told = columns or Columns.of(streams)
        age = at - told.started
        trending = np.log1p(told.viewers) + 0.5 * np.log1p(told.acts) + 0.2 * np.exp(-age / FRESH_SECONDS)
        trends = trend.unpack([None] * len(streams), at) if trends is None else trends
        return cls(
            at=at,
            streams=streams,
            creators=told.creators,
            viewers=told.viewers,
            age=age,
            mature=told.mature,
            trending=trending,
            trends=trends,
            leaders=Leaders.of(trends, age, spare=len(streams)),
            busiest=in_order(trending, len(streams)),
        )

    def allowed(self, viewer: Viewer | None) -> Flags:
        """Which rows this viewer may be shown: neither their own stream nor one they are banned from.

        Nothing mature for the anonymous.
        """
        if viewer is None:
            return ~self.mature
        shown = np.ones(len(self.streams), np.bool_)
        shown[[self.creators[one] for one in (str(viewer.id), *viewer.banned_by) if one in self.creators]] = False
        return shown


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A board seen through a model: `row` is each stream's creator in it (-1: unknown), the rest one row a stream.

    `near` is an index of the creators that the model knows, and `near_rows` their rows on the board (-1: not there any
    more); `aged` says how many rows have changed since it was made.
    """

    model: Model
    board: Board
    row: Ints
    near: CreatorIndex
    near_rows: Ints
    aged: int
    factors: Matrix
    text: Matrix

    def likeness(self, rows: Ints) -> Matrix:
        """Vectors of these rows; the inner product of two is how much they repeat each other."""
        return side_by_side(self.factors[rows], self.text[rows])


def place(board: Board, model: Model, before: Placed | None = None) -> Placed:
    """Find the streams' creators in the model, and make each stream's text vector from what it says now.

    What did not change since `before` is taken from there, and its index as long as nearly all of it is still true.
    """
    if before is None or before.model is not model:
        before = None
    changed = _changed(board.streams, before.board.streams if before else ())
    if before and not len(changed) and len(board.streams) == len(before.board.streams):
        return msgspec.structs.replace(before, board=board)
    row, factors, text = _rows(board, model, before, changed)
    aged = before.aged + len(changed) if before else 0
    if before and aged <= NEAR_AGED * len(row):
        stale = np.isin(before.near_rows, changed) | (before.near_rows >= len(row))
        near, near_rows = before.near, np.where(stale, np.int32(-1), before.near_rows)
    else:
        near_rows, aged = np.flatnonzero(row >= 0).astype(np.int32), 0
        near = model.index.only(row[near_rows])
    return Placed(
        model=model, board=board, row=row, near=near, near_rows=near_rows, aged=aged, factors=factors, text=text
    )


def _rows(board: Board, model: Model, before: Placed | None, changed: Ints) -> tuple[Ints, Matrix, Matrix]:
    """The model's row, the factors and the text vector of every stream; those not `changed` are as before."""
    many, known = len(board.streams), model.knowledge
    row, same = np.full(many, -1, np.int32), min(many, len(before.row)) if before else 0
    factors = np.zeros((many, known.factors.vectors.shape[1]), np.float32)
    text = np.zeros((many, known.text.shape[1]), np.float32)
    if before:
        row[:same], factors[:same], text[:same] = before.row[:same], before.factors[:same], before.text[:same]
    new = [board.streams[number] for number in changed.tolist()]
    found = np.array([model.rows.get(str(stream.creator_id), -1) for stream in new], np.int32)
    row[changed], factors[changed] = found, 0.0
    factors[changed[found >= 0]] = known.factors.vectors[found[found >= 0]]
    for number, stream in zip(changed.tolist(), new, strict=True):
        text[number] = model.vocabulary.vector(stream.title, stream.category, stream.tags)
    return row, factors, text


def _changed(streams: Sequence[LiveStream], before: Sequence[LiveStream]) -> Ints:
    """The rows where another stream is than before, or where it says something else."""
    pairs = enumerate(zip(streams, before, strict=False))
    other = [row for row, (stream, was) in pairs if stream is not was and not _says_the_same(stream, was)]
    return np.array([*other, *range(len(before), len(streams))], np.int32)


def _says_the_same(one: LiveStream, other: LiveStream) -> bool:
    return one.id == other.id and (one.title, one.category, one.tags) == (other.title, other.category, other.tags)


class View(msgspec.Struct, frozen=True):
    """What one viewer has before them: the scene, their taste, and the model's rows of the creators they watch."""

    scene: Scene
    taste: Taste
    watched: Ints


def see(placed: Placed, model: Model, viewer: Viewer | None) -> View:
    """The board through the eyes of this viewer, one row a live stream."""
    board = placed.board
    who = viewer or Viewer(id=UUID(int=0))
    known = np.array([number for number, creator in enumerate(who.creators) if creator in model.rows], np.int32)
    watched = np.array([model.rows[who.creators[number]] for number in known.tolist()], np.int32)
    taste = taste_of(model.knowledge, watched, who.bonds.only(known))
    bond = np.full(len(board.streams), -1, np.int32)
    for number, creator in enumerate(who.creators):
        if (row := board.creators.get(creator)) is not None:
            bond[row] = number
    followed = np.zeros(len(board.streams), np.bool_)
    followed[[board.creators[creator] for creator in who.follows if creator in board.creators]] = True
    scene = Scene(
        at=board.at,
        bonds=who.bonds,
        bond=bond,
        followed=followed,
        trends=board.trends,
        age=board.age,
        liking=likings(taste, placed.row, placed.factors, placed.text)
        if len(watched)
        else np.zeros((len(board.streams), len(LIKING)), order="F"),
    )
    return View(scene, taste, watched)


def gather(placed: Placed, viewer: Viewer | None, view: View) -> Ints:
    """The rows worth ranking: the best of each source, what is near their taste and where many are now."""
    allowed = placed.board.allowed(viewer)
    if np.count_nonzero(allowed) <= ENOUGH:
        return np.flatnonzero(allowed).astype(np.int32)
    near: Ints = np.zeros(0, np.int32)
    if view.taste.text.any() or view.taste.factor.any():
        query = side_by_side(view.taste.factor[None], view.taste.text[None])[0]
        near = placed.near_rows[placed.near.nearest(query, NEIGHBOURS)]
        near = near[(near >= 0) & allowed[near]]
    crowded = foremost(placed.board.busiest, allowed, CROWDED)
    return united(len(allowed), [shortlist(view.scene, allowed, placed.board.leaders), near, crowded])
