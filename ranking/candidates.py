"""What one viewer has before them, and which of it is worth ranking."""

from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.signals import Scene
from ranking.board import Viewer
from ranking.layout import TEXT_SHARE, Placed
from ranking.shortlist import ENOUGH, foremost, sources, united
from ranking.taste import Taste, taste_of

Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

NEIGHBOURS, CROWDED = 60, 40


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
        channels=board.channels,
        liking=placed.likings(taste),
    )
    return View(scene, taste)


def gather(placed: Placed, allowed: Flags, view: View) -> Ints:
    """The rows worth ranking: the best of each source, what is near their taste and where many are now."""
    if np.count_nonzero(allowed) <= ENOUGH:
        return np.flatnonzero(allowed).astype(np.int32)
    crowded = foremost(placed.board.busiest, allowed, CROWDED)
    listed = sources(view.scene, allowed, placed.board.leaders)
    return united(len(allowed), [*listed, _near(placed, allowed, view), crowded])


def _near(placed: Placed, allowed: Flags, view: View) -> Ints:
    """What is nearest in co-watching and text together, of what is foremost in one of them."""
    some = united(len(allowed), [view.scene.liking.cowatch.foremost, view.scene.liking.text.foremost])
    some = some[allowed[some]]
    if not len(some):
        return some
    length = max(float(np.linalg.norm(view.taste.factor)), 1e-9)
    cosine = view.scene.liking.cowatch.at(some) / (placed.lengths(some) * length)
    nearness = (1 - TEXT_SHARE) * cosine + TEXT_SHARE * view.scene.liking.text.at(some)
    return some[np.argsort(-nearness, kind="stable")[:NEIGHBOURS]]
