"""Answers requests from an immutable snapshot of the promoted model; no torch, no I/O but the loading of a version.

A ladder: the ranker, else factors and habits, else what is trending; the answer says which rung it came from.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from features.affinity import VISITS
from features.signals import describe
from livestreamx.pace import Rest, at_once
from ranking.artifacts import ArtifactError, Model, load
from ranking.baselines import by_factors
from ranking.blend import chances, diversify, explore
from ranking.board import NOTHING, Board, LiveStream, Viewer
from ranking.candidates import View, gather, see
from ranking.guard import keep_habits
from ranking.layout import Placed, place
from ranking.reasons import reasons_for, source_of, voices
from ranking.trees import TreesError
from ranking.trial import FACTORS, OURS

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

log = structlog.get_logger("ranking")

Rung = Literal["ranker", "factors", "trending"]
TRENDING: Literal["trending"] = "trending"
FOLLOWED_WORTH, WATCHED_WORTH = 4.0, 8.0
"""How much a follow and a habit add to what is going on where no model weighs them."""
RETRY_SECONDS = 30.0
"""How long a version that could not be loaded is left alone."""


class Recommended(msgspec.Struct, frozen=True, kw_only=True):
    """One stream with its score in [0, 1], the source that proposed it and why, in words."""

    stream: LiveStream
    score: float
    source: str
    reasons: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A list, best first, and what made it: a version (or `trending`), and the rung of the ladder that answered."""

    model_version: str
    rung: Rung
    items: tuple[Recommended, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """A model together with the board laid out for it: replaced as one."""

    model: Model | None
    board: Board
    placed: Placed | None

    @classmethod
    def of(cls, model: Model | None, board: Board, before: Placed | None = None, rest: Rest = at_once) -> "Snapshot":
        """The board laid out for the model; `before` is the layout that it takes the place of."""
        return cls(model, board, place(board, model, before, rest) if model and board.streams else None)


class ModelSlot:
    """Holds the model that is served; a new version takes its place once its layout is there as well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._refused: tuple[str, float] | None = None
        self.model: Model | None = None

    def wants(self, version: str | None, at: float) -> bool:
        """Whether this promoted version is another than the one held, and worth trying at the instant `at`."""
        if version is None or (self.model and self.model.version == version):
            return False
        return self._refused is None or self._refused[0] != version or at - self._refused[1] >= RETRY_SECONDS

    def read(self, version: str, at: float, rest: Rest = at_once) -> Model:
        """Load a version; one that is refused with `ArtifactError` is left alone for a while."""
        try:
            return load(self._folder, version, rest)
        except ArtifactError:
            self._refused = (version, at)
            raise

    def hold(self, model: Model | None) -> None:
        """From now on this is what is served."""
        self.model, self._refused = model, None


def recommend(
    snapshot: Snapshot,
    viewer: Viewer | None,
    limit: int,
    draw: np.random.Generator,
    withdrawn: Mapping[UUID, str] = NOTHING,
) -> Answer:
    """Up to `limit` live streams for this viewer, by the highest rung of the ladder that holds.

    `withdrawn` are the ids of streams on the board that must not be shown any more, with their creators'.
    """
    allowed = snapshot.board.allowed(viewer, withdrawn)
    if snapshot.model is None:
        return Answer(model_version=TRENDING, rung=TRENDING, items=_trending(snapshot.board, viewer, allowed, limit))
    if snapshot.placed is None:
        return Answer(model_version=snapshot.model.version, rung=TRENDING, items=())
    return _personal(snapshot.placed, viewer, allowed, limit, draw)


def _trending(board: Board, viewer: Viewer | None, shown: Flags, limit: int) -> tuple[Recommended, ...]:
    """Without a model: what the viewer has watched and follows, which needs none, then what is going on."""
    allowed = np.flatnonzero(shown)
    if not len(allowed):
        return ()
    own = _own(board, viewer)
    worth = board.trending.copy()
    for row, (more, _, _) in own.items():
        worth[row] += more
    worth = worth[allowed]
    share = chances(worth)
    best = np.argsort(-worth, kind="stable")[:limit].tolist()
    found = []
    for number in best:
        row = int(allowed[number])
        crowd = "Popular right now" if board.viewers[row] else "Live now"
        _, source, reason = own.get(row, (0.0, TRENDING, crowd))
        found.append(
            Recommended(
                stream=board.streams[row], score=round(float(share[number]), 6), source=source, reasons=(reason,)
            )
        )
    return tuple(found)


def _own(board: Board, viewer: Viewer | None) -> dict[int, tuple[float, str, str]]:
    """What speaks for live streams to this viewer in person, by row: how much, the source and the words."""
    if viewer is None:
        return {}
    found: dict[int, tuple[float, str, str]] = {}
    for creator in viewer.follows & board.creators.keys():
        row = board.creators[creator]
        found[row] = (FOLLOWED_WORTH, "followed", f"You follow {board.streams[row].creator}")
    visits = viewer.bonds.sums[:, VISITS]
    for creator, activation, times in zip(viewer.creators, viewer.bonds.activation, visits, strict=True):
        if (known := board.creators.get(creator)) is not None and times > 0:
            worth = found.get(known, (0.0, "", ""))[0] + WATCHED_WORTH * float(np.log1p(activation))
            words = "You often watch" if times > 1 else "You watched"
            found[known] = (worth, "repeat", f"{words} {board.streams[known].creator}")
    return found


def _personal(placed: Placed, viewer: Viewer | None, allowed: Flags, limit: int, draw: np.random.Generator) -> Answer:
    model, view = placed.model, see(placed, viewer)
    rows = gather(placed, allowed, view)
    if not len(rows):
        return Answer(model_version=model.version, rung=TRENDING, items=())
    rung, utility = _judge(placed, viewer, view, rows)
    share = chances(utility)
    best = np.argsort(-utility, kind="stable")[: max(4 * limit, 50)]
    chosen = [int(best[number]) for number in diversify(utility[best], placed.likeness(rows[best]), limit)]
    unknown = np.flatnonzero((view.scene.bond[rows] < 0) & ~view.scene.followed[rows]).astype(np.int32)
    listed, explored = explore(chosen, unknown, draw)
    told = voices(view.scene, rows[listed], placed.board.viewers[rows[listed]])
    sources = ["explore" if number in explored else source_of(said) for number, said in zip(listed, told, strict=True)]
    cowatched = [number for number, source in zip(listed, sources, strict=True) if source == "cowatch"]
    likest = dict(zip(cowatched, _likest(model, view.taste.rows, placed.row[rows[cowatched]]), strict=True))
    items = []
    for number, source, said in zip(listed, sources, told, strict=True):
        stream, because = placed.board.streams[rows[number]], likest.get(number)
        reasons = reasons_for(source, said, creator=stream.creator, category=stream.category, because=because)
        items.append(
            Recommended(stream=stream, score=round(float(share[number]), 6), source=source, reasons=tuple(reasons))
        )
    return Answer(model_version=model.version, rung=rung, items=tuple(items))


def _judge(placed: Placed, viewer: Viewer | None, view: View, rows: Ints) -> tuple[Rung, Floats]:
    """The rung that can judge these rows for this viewer, and what each is worth to it."""
    if not is_known(viewer):
        return TRENDING, placed.board.trending[rows]
    model = placed.model
    if model.trees is not None:
        try:
            return OURS, keep_habits(view.scene, rows, model.trees.predict(describe(view.scene, rows)))
        except TreesError as error:
            log.error("the ranker failed", version=model.version, error=str(error))
    return FACTORS, by_factors(view.scene, rows)


def is_known(viewer: Viewer | None) -> bool:
    """Whether there is anything to go by; to all others what is going on right now says more than a model."""
    return viewer is not None and bool(viewer.creators or viewer.follows)


def _likest(model: Model, watched: Ints, rows: Ints) -> list[str | None]:
    """For each of these creators the handle of the watched one, other than themselves, whose audience is most alike."""
    if not len(watched) or not len(rows):
        return [None] * len(rows)
    factors = model.knowledge.factors
    alike = (factors.vectors[rows] @ factors.vectors[watched].T) / factors.lengths_of(watched)
    alike[(rows[:, None] == watched) | (rows[:, None] < 0)] = 0.0
    best = alike.argmax(axis=1)
    return [
        model.handles[watched[number]] or None if row[number] > 0 else None
        for row, number in zip(alike, best.tolist(), strict=True)
    ]
