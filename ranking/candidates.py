"""What is live right now, laid out for scoring: the streams, and the rows of a model that belong to them.

A board never changes: the next look at the platform makes a new one.
"""

from collections.abc import Mapping, Set
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.affinity import Habit
from ranking.artifacts import Model
from ranking.blend import FRESH_SECONDS, Candidates, Profile, profile_of
from ranking.index import side_by_side

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

ENOUGH = 300
"""With no more live streams than this every one is a candidate."""
NEIGHBOURS, POPULAR, NEWEST = 100, 60, 20


class LiveStream(msgspec.Struct, frozen=True, kw_only=True):
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
    """Who asks: their habits as of now and whom they follow, by the creators' ids as text."""

    id: UUID
    habits: Mapping[str, Habit]
    follows: Set[str]


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

    @classmethod
    def of(cls, streams: tuple[LiveStream, ...], at: float) -> "Board":
        viewers = np.array([stream.viewers for stream in streams], np.float64)
        acts = np.array([stream.acts for stream in streams], np.float64)
        age = np.array([at - stream.started for stream in streams], np.float64)
        return cls(
            at=at,
            streams=streams,
            creators={str(stream.creator_id): row for row, stream in enumerate(streams)},
            viewers=viewers,
            age=age,
            mature=np.array([stream.mature for stream in streams], np.bool_),
            trending=np.log1p(viewers) + 0.5 * np.log1p(acts) + 0.2 * np.exp(-age / FRESH_SECONDS),
        )

    def allowed(self, viewer: Viewer | None) -> Ints:
        """The rows this viewer may be shown: never their own stream, nothing mature for the anonymous."""
        hidden = self.mature.copy() if viewer is None else np.zeros(len(self.streams), np.bool_)
        if viewer is not None and (own := self.creators.get(str(viewer.id))) is not None:
            hidden[own] = True
        return np.flatnonzero(~hidden).astype(np.int32)


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A board seen through a model: `row` is each stream's creator in it (-1: unknown), the rest one row a stream."""

    board: Board
    row: Ints
    at_row: dict[int, int]
    factors: Matrix
    text: Matrix
    likeness: Matrix


def place(board: Board, model: Model) -> Placed:
    """Find the streams' creators in the model, and make each stream's text vector from what it says now."""
    row = np.array([model.rows.get(str(stream.creator_id), -1) for stream in board.streams], np.int32)
    known = row >= 0
    factors = np.zeros((len(row), model.factors.vectors.shape[1]), np.float32)
    factors[known] = model.factors.vectors[row[known]]
    text = np.zeros((len(row), model.text.shape[1]), np.float32)
    for number, stream in enumerate(board.streams):
        text[number] = model.vocabulary.vector(stream.title, stream.category, stream.tags)
    return Placed(
        board=board,
        row=row,
        at_row={int(creator): number for number, creator in enumerate(row.tolist()) if creator >= 0},
        factors=factors,
        text=text,
        likeness=side_by_side(factors, text),
    )


def taste_of(model: Model, viewer: Viewer | None) -> tuple[Profile, Ints]:
    """The viewer's profile in the model, and the model's rows of the creators they watch."""
    bonds = [(model.rows[creator], habit) for creator, habit in _habits(viewer).items() if creator in model.rows]
    rows = np.array([row for row, _ in bonds], np.int32)
    minutes = np.array([habit.minutes for _, habit in bonds], np.float64)
    tokens = np.array([habit.tokens for _, habit in bonds], np.float64)
    return profile_of(model.factors, model.text, rows, minutes, tokens), rows


def gather(placed: Placed, model: Model, viewer: Viewer | None, profile: Profile) -> Ints:
    """The rows worth scoring: what they know, what is near their taste, what is popular and what is new."""
    board = placed.board
    allowed = board.allowed(viewer)
    if len(allowed) <= ENOUGH:
        return allowed
    close = _habits(viewer).keys() | (viewer.follows if viewer else set())
    known = [board.creators[creator] for creator in close if creator in board.creators]
    near: Ints = np.zeros(0, np.int32)
    if profile.text.any() or profile.factor.any():
        live = placed.row[allowed]
        query = side_by_side(profile.factor[None], profile.text[None])[0]
        nearest, _ = model.index.nearest(query, NEIGHBOURS, live[live >= 0])
        near = np.array([placed.at_row[creator] for creator in nearest.tolist()], np.int32)
    popular = allowed[np.argpartition(-board.trending[allowed], POPULAR)[:POPULAR]]
    newest = allowed[np.argpartition(board.age[allowed], NEWEST)[:NEWEST]]
    found = np.concatenate([np.array(known, np.int32), near, popular, newest])
    return np.intersect1d(found, allowed)


def columns(placed: Placed, viewer: Viewer | None, rows: Ints) -> Candidates:
    """These rows as this viewer sees them now."""
    board, habits = placed.board, _habits(viewer)
    creators = [str(board.streams[number].creator_id) for number in rows.tolist()]
    bonds = [habits.get(creator, NO_HABIT) for creator in creators]
    return Candidates(
        minutes=np.array([bond.minutes for bond in bonds], np.float64),
        tokens=np.array([bond.tokens for bond in bonds], np.float64),
        gap=np.array([board.at - bond.last if bond.last else np.inf for bond in bonds], np.float64),
        followed=np.array([viewer is not None and creator in viewer.follows for creator in creators], np.bool_),
        viewers=board.viewers[rows],
        age=board.age[rows],
        factors=placed.factors[rows],
        text=placed.text[rows],
    )


NO_HABIT = Habit()


def _habits(viewer: Viewer | None) -> Mapping[str, Habit]:
    return viewer.habits if viewer else {}
