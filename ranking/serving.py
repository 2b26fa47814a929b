"""Answers requests from an immutable snapshot of the promoted model; no torch, no I/O but the loading of a version.

A ladder: the model, else what is trending; the answer says which by its version.
"""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ranking.artifacts import ArtifactError, Model, load
from ranking.blend import chances, diversify, explore, reasons_for, signals, source_of
from ranking.candidates import Board, LiveStream, Placed, Viewer, columns, gather, place, taste_of
from ranking.vocabulary import unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

TRENDING = "trending"
RETRY_SECONDS = 30.0
"""How long a version that could not be loaded is left alone."""


class Recommended(msgspec.Struct, frozen=True, kw_only=True):
    """One stream with its score in [0, 1], the source that proposed it and why, in words."""

    stream: LiveStream
    score: float
    source: str
    reasons: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A list, best first, and what made it: a version, or `trending`."""

    model_version: str
    items: tuple[Recommended, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """A model together with the board laid out for it: replaced as one."""

    model: Model | None
    board: Board
    placed: Placed | None

    @classmethod
    def of(cls, model: Model | None, board: Board) -> "Snapshot":
        return cls(model, board, place(board, model) if model and board.streams else None)


class ModelSlot:
    """Holds the model that is served; a new version takes its place in one assignment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._refused: tuple[str, float] | None = None
        self.model: Model | None = None

    def wants(self, version: str | None, at: float) -> bool:
        """Whether this promoted version is another than the one held, and worth trying at the instant `at`."""
        if version is None or (self.model and self.model.version == version):
            return False
        return self._refused is None or self._refused[0] != version or at - self._refused[1] >= RETRY_SECONDS

    def take(self, version: str, at: float) -> None:
        """Load a version and serve it; `ArtifactError` leaves the one before in place."""
        try:
            self.model = load(self._folder, version)
        except ArtifactError:
            self._refused = (version, at)
            raise
        self._refused = None


def recommend(snapshot: Snapshot, viewer: Viewer | None, limit: int, draw: np.random.Generator) -> Answer:
    """Up to `limit` live streams for this viewer, by the highest rung of the ladder that holds."""
    if snapshot.model is None:
        return Answer(model_version=TRENDING, items=_trending(snapshot.board, viewer, limit))
    if snapshot.placed is None:
        return Answer(model_version=snapshot.model.version, items=())
    return Answer(
        model_version=snapshot.model.version,
        items=_personal(snapshot.model, snapshot.placed, viewer, limit, draw),
    )


def _trending(board: Board, viewer: Viewer | None, limit: int) -> tuple[Recommended, ...]:
    allowed = board.allowed(viewer)
    if not len(allowed):
        return ()
    worth = board.trending[allowed]
    share = chances(worth)
    return tuple(
        Recommended(
            stream=board.streams[allowed[number]],
            score=round(float(share[number]), 6),
            source=TRENDING,
            reasons=("Popular right now",) if board.viewers[allowed[number]] else ("Live now",),
        )
        for number in np.argsort(-worth, kind="stable")[:limit].tolist()
    )


def _personal(
    model: Model, placed: Placed, viewer: Viewer | None, limit: int, draw: np.random.Generator
) -> tuple[Recommended, ...]:
    profile, watched = taste_of(model, viewer)
    rows = gather(placed, model, viewer, profile)
    if not len(rows):
        return ()
    candidates = columns(placed, viewer, rows)
    told = signals(candidates, profile)
    utility = told @ model.weights if is_known(viewer) else placed.board.trending[rows]
    share = chances(utility)
    best = np.argsort(-utility, kind="stable")[: max(4 * limit, 50)]
    chosen = [int(best[number]) for number in diversify(utility[best], placed.likeness[rows[best]], limit)]
    unknown = np.flatnonzero((candidates.minutes == 0) & ~candidates.followed).astype(np.int32)
    listed, explored = explore(chosen, unknown, draw)
    items = []
    for number in listed:
        stream = placed.board.streams[rows[number]]
        source = "explore" if number in explored else source_of(told[number], model.weights)
        because = _because(model, watched, int(placed.row[rows[number]])) if source == "cowatch" else None
        reasons = reasons_for(source, told[number], creator=stream.creator, category=stream.category, because=because)
        items.append(
            Recommended(stream=stream, score=round(float(share[number]), 6), source=source, reasons=tuple(reasons))
        )
    return tuple(items)


def is_known(viewer: Viewer | None) -> bool:
    """Whether there is anything to go by; the weights were learned on people who had watched something."""
    return viewer is not None and bool(viewer.habits or viewer.follows)


def _because(model: Model, watched: Ints, row: int) -> str | None:
    """The handle of the watched creator whose audience is most like this one's."""
    others = watched[watched != row]
    if row < 0 or not len(others):
        return None
    alike = unit(model.factors.vectors[others]) @ unit(model.factors.vectors[row][None])[0]
    best = int(alike.argmax())
    return model.handles[int(others[best])] or None if alike[best] > 0 else None
