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
from ranking.shortlist import ENOUGH, Leaders, foremost, in_order, shortlist
from ranking.taste import Taste, likings, taste_of

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

NEIGHBOURS, CROWDED = 60, 40


class LiveStream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A live public stream; `started` is seconds since the epoch, `acts` what viewers did in the last minutes."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    category: str
    tags: tuple[str, ...]
    language: str
    mature: bool
    started: float
    viewers: int = 0
    acts: int = 0


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: whom they follow, and their bonds, one row for each of `creators`; all by the creators' ids as text."""

    id: UUID
    creators: tuple[str, ...] = ()
    bonds: Bonds = NO_BONDS
    follows: Set[str] = frozenset()
    banned_by: Set[str] = frozenset()


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
        owners: Sequence[str] | None = None,
    ) -> "Board":
        """A board of these streams; `trends` are their channels', unknown ones by default.

        `owners` are the creators' ids as text, where they are at hand.
        """
        viewers = np.array([stream.viewers for stream in streams], np.float64)
        acts = np.array([stream.acts for stream in streams], np.float64)
        age = np.array([at - stream.started for stream in streams], np.float64)
        trending = np.log1p(viewers) + 0.5 * np.log1p(acts) + 0.2 * np.exp(-age / FRESH_SECONDS)
        trends = trend.unpack([None] * len(streams), at) if trends is None else trends
        return cls(
            at=at,
            streams=streams,
            creators={owner: row for row, owner in enumerate(owners or [str(one.creator_id) for one in streams])},
            viewers=viewers,
            age=age,
            mature=np.array([stream.mature for stream in streams], np.bool_),
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

    `near` is an index of the creators that the model knows, and `near_rows` their rows on the board.
    """

    model: Model
    board: Board
    row: Ints
    near: CreatorIndex
    near_rows: Ints
    factors: Matrix
    text: Matrix
    likeness: Matrix


def place(board: Board, model: Model, before: Placed | None = None) -> Placed:
    """Find the streams' creators in the model, and make each stream's text vector from what it says now.

    What did not change since `before` is taken from there.
    """
    if before is None or before.model is not model:
        before = None
    kept = _kept(board, before) if before else 0
    if before and kept == len(board.streams) == len(before.board.streams):
        return msgspec.structs.replace(before, board=board)
    row = np.array([model.rows.get(creator, -1) for creator in board.creators], np.int32)
    known = np.flatnonzero(row >= 0).astype(np.int32)
    known_factors = model.knowledge.factors.vectors
    factors = np.zeros((len(row), known_factors.shape[1]), np.float32)
    factors[known] = known_factors[row[known]]
    text = _texts(board, model, before, kept)
    return Placed(
        model=model,
        board=board,
        row=row,
        near=model.index.only(row[known]),
        near_rows=known,
        factors=factors,
        text=text,
        likeness=side_by_side(factors, text),
    )


def _kept(board: Board, before: Placed) -> int:
    """How many of the first streams are the same as before, and say the same."""
    pairs = zip(before.board.streams, board.streams, strict=False)
    changed = (number for number, (was, stream) in enumerate(pairs) if not _says_the_same(was, stream))
    return next(changed, min(len(before.board.streams), len(board.streams)))


def _texts(board: Board, model: Model, before: Placed | None, kept: int) -> Matrix:
    """The text vectors, the first `kept` as before."""
    text = np.zeros((len(board.streams), model.knowledge.text.shape[1]), np.float32)
    if before:
        text[:kept] = before.text[:kept]
    told = {stream.id: number for number, stream in enumerate(before.board.streams)} if before else {}
    for number, stream in enumerate(board.streams[kept:], kept):
        was = told.get(stream.id)
        if was is not None and before and _says_the_same(before.board.streams[was], stream):
            text[number] = before.text[was]
        else:
            text[number] = model.vocabulary.vector(stream.title, stream.category, stream.tags)
    return text


def _says_the_same(one: LiveStream, other: LiveStream) -> bool:
    return one is other or (
        one.id == other.id and (one.title, one.category, one.tags) == (other.title, other.category, other.tags)
    )


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
        near = near[allowed[near]]
    crowded = foremost(placed.board.busiest, allowed, CROWDED)
    return np.union1d(shortlist(view.scene, allowed, placed.board.leaders), np.concatenate([near, crowded]))
