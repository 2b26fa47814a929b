"""What is live right now, laid out for scoring: the streams, and the rows of a model that belong to them.

A board never changes: the next look at the platform makes a new one.
"""

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import trend
from features.affinity import NO_BONDS, Bonds
from features.likings import Likings, Scored
from features.signals import Scene
from features.trend import Trends
from ranking.artifacts import Model
from ranking.index import VectorIndex
from ranking.neighbours import Seats
from ranking.reasons import FRESH_SECONDS
from ranking.scan import Moments, Searched, SearchedAndCompared
from ranking.shortlist import ENOUGH, Leaders, foremost, in_order, shortlist, united
from ranking.taste import Taste, by_neighbours, taste_of

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

NEIGHBOURS, CROWDED = 60, 40
TEXT_SHARE = 0.35
"""How much of likeness is text; the rest is co-watching."""
MOST_MOVED = 0.01
"""With more changed rows the moments are summed anew: nothing of them adds up over time."""


NOTHING: Mapping[UUID, str] = MappingProxyType({})


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

    def allowed(self, viewer: Viewer | None, withdrawn: Mapping[UUID, str] = NOTHING) -> Flags:
        """Which rows this viewer may be shown: neither their own stream nor one they are banned from.

        Nothing mature for the anonymous, and nothing `withdrawn`: streams, by id, of these creators.
        """
        shown = np.ones(len(self.streams), np.bool_) if viewer else ~self.mature
        hidden = (str(viewer.id), *viewer.banned_by) if viewer else ()
        shown[[self.creators[one] for one in hidden if one in self.creators]] = False
        for stream, creator in withdrawn.items():
            row = self.creators.get(creator)
            if row is not None and self.streams[row].id == stream:
                shown[row] = False
        return shown


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
        scale = np.float32((1 - TEXT_SHARE) ** 0.5) / self.lengths(rows)
        factors = factors_of(self.model, self.row[rows]) * scale[:, None]
        return np.hstack([factors, self.text[rows] * np.float32(TEXT_SHARE**0.5)])

    def lengths(self, rows: Ints) -> Matrix:
        """How long the factors of these rows are; a little where there are none."""
        return np.maximum(self.model.knowledge.factors.lengths[self.row[rows]], np.float32(1e-9))

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
    found = model.knowledge.factors.vectors[rows]
    found[rows < 0] = 0.0
    return found


def place(board: Board, model: Model, before: Placed | None = None) -> Placed:
    """Find the streams' creators in the model, and make each stream's text vector from what it says now.

    What did not change since `before` is taken from there.
    """
    if before is None or before.model is not model:
        before = None
    changed = _changed(board.streams, before.board.streams if before else ())
    if before and not len(changed) and len(board.streams) == len(before.board.streams):
        return msgspec.structs.replace(before, board=board)
    row, text = _rows(board, model, before, changed)
    position = np.full(len(model.creators), len(row), np.int32)
    position[row[row >= 0]] = np.flatnonzero(row >= 0)
    return Placed(
        model=model,
        board=board,
        row=row,
        seats=Seats(position, len(row)),
        factors=model.index.only(row),
        moments=_moments(model, row, before, changed),
        texts=VectorIndex.build(text),
        text=text,
    )


def _rows(board: Board, model: Model, before: Placed | None, changed: Ints) -> tuple[Ints, Matrix]:
    """The model's row and the text vector of every stream; those not `changed` are as before."""
    many = len(board.streams)
    row, same = np.full(many, -1, np.int32), min(many, len(before.row)) if before else 0
    text = np.zeros((many, model.vocabulary.dimensions), np.float32)
    if before:
        row[:same], text[:same] = before.row[:same], before.text[:same]
    new = [board.streams[number] for number in changed.tolist()]
    row[changed] = [model.rows.get(str(stream.creator_id), -1) for stream in new]
    for number, stream in zip(changed.tolist(), new, strict=True):
        text[number] = model.vocabulary.vector(stream.title, stream.category, stream.tags)
    return row, text


def _moments(model: Model, row: Ints, before: Placed | None, changed: Ints) -> Moments:
    """The moments of the factors of all rows."""
    if before is None or len(changed) > MOST_MOVED * len(row):
        return Moments.of(factors_of(model, row))
    gone = np.concatenate([before.row[changed[changed < len(before.row)]], before.row[len(row) :]])
    return before.moments.changed(factors_of(model, gone), factors_of(model, row[changed]))


def _changed(streams: Sequence[LiveStream], before: Sequence[LiveStream]) -> Ints:
    """The rows where another stream is than before, or where it says something else."""
    pairs = enumerate(zip(streams, before, strict=False))
    other = [row for row, (stream, was) in pairs if stream is not was and not _says_the_same(stream, was)]
    return np.array([*other, *range(len(before), len(streams))], np.int32)


def _says_the_same(one: LiveStream, other: LiveStream) -> bool:
    return one.id == other.id and (one.title, one.category, one.tags) == (other.title, other.category, other.tags)


class View(msgspec.Struct, frozen=True):
    """What one viewer has before them: the scene, and their taste."""

    scene: Scene
    taste: Taste


def see(placed: Placed, viewer: Viewer | None) -> View:
    """The board through the eyes of this viewer, one row a live stream."""
    board, rows = placed.board, placed.model.rows
    who = viewer or Viewer(id=UUID(int=0))
    known = np.array([number for number, creator in enumerate(who.creators) if creator in rows], np.int32)
    watched = np.array([rows[who.creators[number]] for number in known.tolist()], np.int32)
    taste = taste_of(placed.model.knowledge, watched, who.bonds.only(known))
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
        liking=placed.likings(taste),
    )
    return View(scene, taste)


def gather(placed: Placed, allowed: Flags, view: View) -> Ints:
    """The rows worth ranking: the best of each source, what is near their taste and where many are now."""
    if np.count_nonzero(allowed) <= ENOUGH:
        return np.flatnonzero(allowed).astype(np.int32)
    crowded = foremost(placed.board.busiest, allowed, CROWDED)
    listed = shortlist(view.scene, allowed, placed.board.leaders)
    return united(len(allowed), [listed, _near(placed, allowed, view), crowded])


def _near(placed: Placed, allowed: Flags, view: View) -> Ints:
    """What is nearest in co-watching and text together, of what is foremost in one of them."""
    some = np.concatenate([view.scene.liking.cowatch.foremost, view.scene.liking.text.foremost])
    some = np.unique(some[allowed[some]])
    if not len(some):
        return some
    length = max(float(np.linalg.norm(view.taste.factor)), 1e-9)
    cosine = view.scene.liking.cowatch.at(some) / (placed.lengths(some) * length)
    nearness = (1 - TEXT_SHARE) * cosine + TEXT_SHARE * view.scene.liking.text.at(some)
    return some[np.argsort(-nearness, kind="stable")[:NEIGHBOURS]]
