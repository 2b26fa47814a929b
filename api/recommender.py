"""Keeps the promoted model and the live streams at hand for every request, and answers with what engines are left.

It looks at the platform at most once a second, on request; a new version is loaded in a thread and then swapped in.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar, cast
from uuid import UUID

import msgspec
import numpy as np
import psycopg
import structlog
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from api.live_board import OVERLAP_SECONDS, LiveBoard, as_stream
from domain.accounts.tokens import Claims
from domain.experiments import service as experiments
from domain.experiments.model import TREATMENT, Experiment
from domain.recommendations import queries as recommendations
from domain.recommendations.model import Grounds
from domain.streams.model import Stream
from features.affinity import NO_BONDS
from features.store import read_bonds
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Unavailable
from livestreamx.pace import Pace, at_once
from livestreamx.settings import Settings
from ranking.artifacts import ArtifactError, Model, pointed_to
from ranking.board import Board, Viewer
from ranking.layout import Placed
from ranking.serving import TRENDING, ModelSlot, Recommended, Rung, Snapshot, recommend
from ranking.vocabulary import Vocabulary

log = structlog.get_logger("api.recommendations")

Made = TypeVar("Made")

LOOK_SECONDS = 1.0
WORKING_SHARE = 0.1
"""To read a version and to lay out a board takes no more of the time than this while another version serves."""
REST = 1
LONGEST_REST = 5.0
"""A look that took long is followed by a rest so many times as long, but not longer than this (s)."""
DATABASE_DOWN = (psycopg.Error, Unavailable)
CACHE_DOWN = (RedisError, OSError)


class Suggestion(msgspec.Struct, frozen=True):
    """A recommended stream that is live at this very moment, as it was a second ago."""

    stream: Stream
    viewers: int
    recommended: Recommended


class Suggestions(msgspec.Struct, frozen=True):
    """A list, best first, the model version that made it (`trending` without one), and the rung that answered."""

    model_version: str
    rung: Rung
    items: tuple[Suggestion, ...]


class Recommender:
    """One a process; `suggest` never fails for want of an engine, it only knows less."""

    def __init__(self, pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
        self._pool, self._redis, self._settings = pool, redis, settings
        self._slot = ModelSlot(settings.models)
        self._snapshot = Snapshot.of(None, Board.of((), 0.0))
        self._experiment: Experiment | None = None
        self._candidate_slot = ModelSlot(settings.models)
        self._candidate: Snapshot | None = None
        self._board = LiveBoard(settings)
        self._thread = ThreadPoolExecutor(1, "recommender")
        self._looking: asyncio.Task[None] | None = None
        self._next_look = 0.0
        self._loading: asyncio.Task[None] | None = None
        self._draw = np.random.default_rng()

    @property
    def model_version(self) -> str:
        """The version that answers now, or `trending`."""
        return self._snapshot.model.version if self._snapshot.model else TRENDING

    async def suggest(self, visitor: Claims | None, limit: int) -> Suggestions:
        """Up to `limit` live public streams for this visitor; their own stream is never among them.

        None at all when the database does not answer: nobody knows what is live, nor who may see it.
        """
        snapshot = self._drawn_for(visitor, await self._look())
        grounds = await self._grounds(visitor, snapshot.board.at)
        if grounds is None:
            version = snapshot.model.version if snapshot.model else TRENDING
            return Suggestions(model_version=version, rung=TRENDING, items=())
        viewer = await self._viewer(visitor.sub, grounds, snapshot.board.at) if visitor else None
        withdrawn = {stream: str(by) for stream, by in zip(grounds.withdrawn, grounds.withdrawn_by, strict=True)}
        answer = recommend(snapshot, viewer, limit, self._draw, withdrawn)
        items = tuple(Suggestion(as_stream(item.stream), item.stream.viewers, item) for item in answer.items)
        return Suggestions(answer.model_version, answer.rung, items)

    async def board(self) -> tuple[Board, Vocabulary | None]:
        """What is live as of this second, and the words that the model knows."""
        snapshot = await self._look()
        return snapshot.board, snapshot.model.vocabulary if snapshot.model else None

    async def aclose(self) -> None:
        """Wait for what is being read, and leave the engines."""
        running = [task for task in (self._loading, self._looking) if task]
        if running:
            await asyncio.wait(running)
        self._thread.shutdown()
        self._board.close()

    async def _look(self) -> Snapshot:
        """The snapshot; one older than a second is renewed, and only the first of all has to be waited for."""
        if time.monotonic() >= self._next_look and (self._looking is None or self._looking.done()):
            self._next_look = time.monotonic() + LOOK_SECONDS
            self._looking = asyncio.create_task(self._renew())
        if self._looking and not self._snapshot.board.at:
            await asyncio.wait([self._looking])
        return self._snapshot

    def _drawn_for(self, visitor: Claims | None, promoted: Snapshot) -> Snapshot:
        """The promoted version, or the candidate for those whom a running experiment shows it to."""
        if visitor is None or self._candidate is None or self._experiment is None:
            return promoted
        return self._candidate if self._experiment.arm_of(visitor.sub) == TREATMENT else promoted

    async def _renew(self) -> None:
        """Follow the promotion and look at what is live, in a thread; what was known stays when nobody answers."""
        await self._follow_promotion()
        began = time.monotonic()
        board = await self._aside(self._board.look)
        if board is not None:
            self._snapshot = await self._laid_out(self._slot, board, self._snapshot) or self._snapshot
            if self._candidate_slot.model:
                self._candidate = await self._laid_out(self._candidate_slot, board, self._candidate)
        self._next_look = time.monotonic() + min(max(LOOK_SECONDS, (time.monotonic() - began) * REST), LONGEST_REST)

    async def _aside(self, act: Callable[..., Made], *given: object) -> Made:
        """Do this in the one thread for all that takes long: many threads would each keep what they once needed."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, *given)

    async def _grounds(self, visitor: Claims | None, looked_at: float) -> Grounds | None:
        """What the database says of this visitor, and of the streams since the last look; None without an answer."""
        span = timedelta(seconds=max(now().timestamp() - looked_at, 0.0) + OVERLAP_SECONDS)
        try:
            async with connection(self._pool) as db:
                return await recommendations.grounds(db, visitor.sub if visitor else None, span)
        except DATABASE_DOWN as error:
            log.warning("live streams unknown", error=str(error))
            return None

    async def _viewer(self, user: UUID, grounds: Grounds, at: float) -> Viewer:
        """What is known of the viewer at the instant of the board; less when they opted out, or without Redis."""
        banned_by = frozenset(map(str, grounds.banned_by))
        if grounds.opt_out:
            return Viewer(id=user, banned_by=banned_by)
        try:
            creators, bonds = await read_bonds(self._redis, user, at)
        except (*CACHE_DOWN, ValueError) as error:
            log.warning("habits unknown", error=str(error))
            creators, bonds = (), NO_BONDS
        follows = frozenset(map(str, grounds.follows))
        return Viewer(id=user, creators=creators, bonds=bonds, follows=follows, banned_by=banned_by)

    async def _follow_promotion(self) -> None:
        """Start to load the promoted version, and that of a running experiment, where they are not held yet."""
        try:
            promoted, stored = cast(
                list[bytes | None], await self._redis.mget(keys.promoted_model(), keys.experiment())
            )
        except CACHE_DOWN as error:
            log.warning("promoted version unknown", error=str(error))
            return
        folder = self._settings.models
        version = promoted.decode() if promoted else pointed_to(folder)
        self._experiment = experiments.running(folder) if stored is None else experiments.read(stored)
        if self._experiment is None:
            self._candidate_slot.hold(None)
            self._candidate = None
        if self._loading is None or self._loading.done():
            candidate = self._experiment.treatment if self._experiment else None
            self._loading = self._load_one_of((self._slot, version), (self._candidate_slot, candidate))

    def _load_one_of(self, *wanted: tuple[ModelSlot, str | None]) -> asyncio.Task[None] | None:
        """Start to load the first of these versions that its slot does not hold yet; None when all are there."""
        for slot, version in wanted:
            if version and slot.wants(version, time.monotonic()):
                return asyncio.create_task(self._load(slot, version))
        return None

    async def _load(self, slot: ModelSlot, version: str) -> None:
        """Read this version and lay the board out for it; then it serves, and what it took the place of is let go."""
        try:
            laid_out = await self._aside(self._read, slot, version, self._snapshot.board)
        except ArtifactError as error:
            refused = "promoted version refused" if slot is self._slot else "candidate refused"
            log.error(refused, version=version, error=str(error), serving=self.model_version)
            return
        gone = [slot.model, self._snapshot]
        slot.hold(laid_out.model)
        if slot is self._slot:
            self._snapshot = laid_out
        else:
            self._candidate = laid_out
        log.info("version serves", version=version, promoted=slot is self._slot)
        await self._aside(gone.clear)

    def _read(self, slot: ModelSlot, version: str, board: Board) -> Snapshot:
        """In the thread: a version with the board laid out for it; slowly where another one serves meanwhile."""
        rest = Pace(WORKING_SHARE) if self._slot.model else at_once
        return Snapshot.of(slot.read(version, time.monotonic(), rest), board, None, rest)

    async def _laid_out(self, slot: ModelSlot, board: Board, before: Snapshot | None) -> Snapshot | None:
        """This board for the version that the slot holds; None when it holds another by then."""
        model = slot.model
        laid_out = await self._aside(self._lay_out, model, board, before.placed if before else None)
        return laid_out if slot.model is model else None

    def _lay_out(self, model: Model | None, board: Board, before: Placed | None) -> Snapshot:
        """In the thread: this board for this version."""
        return Snapshot.of(model, board, before, Pace(WORKING_SHARE) if before else at_once)
