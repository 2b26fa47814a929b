"""Keeps the promoted model and the live streams at hand for every request, and answers with what engines are left.

It looks at the platform at most once a second, on request; a new version is loaded in a thread and then swapped in.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import psycopg
import structlog
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from domain.accounts.tokens import Claims
from domain.profiles import queries as profiles
from domain.streams import queries as streams
from domain.streams.model import Stream
from features.affinity import NO_BONDS
from features.store import Activity, read_activity, read_bonds, read_trends
from features.trend import Trends
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings
from ranking.artifacts import ArtifactError, pointed_to
from ranking.candidates import Board, LiveStream, Viewer
from ranking.serving import TRENDING, Answer, ModelSlot, Recommended, Snapshot, recommend
from ranking.vocabulary import Vocabulary

log = structlog.get_logger("api.recommendations")

LOOK_SECONDS = 1.0
REST = 5
LONGEST_REST = 5.0
"""A look that took long is followed by a rest so many times as long, but not longer than this (s)."""
MOST_STREAMS = 20_000
SPARE = 5
"""Streams listed beyond those asked for, in place of some that ended a moment ago."""
DATABASE_DOWN = (psycopg.Error, Unavailable)
CACHE_DOWN = (RedisError, OSError)


class Suggestion(msgspec.Struct, frozen=True):
    """A recommended stream as it is at this very moment."""

    stream: Stream
    viewers: int
    recommended: Recommended


class Suggestions(msgspec.Struct, frozen=True):
    """A list, best first, the model version that made it (`trending` without one), and the rung that answered."""

    model_version: str
    rung: str
    items: tuple[Suggestion, ...]


class Recommender:
    """One a process; `suggest` never fails for want of an engine, it only knows less."""

    def __init__(self, pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
        self._pool, self._redis, self._settings = pool, redis, settings
        self._slot = ModelSlot(settings.models)
        self._snapshot = Snapshot.of(None, Board.of((), 0.0))
        self._looking = asyncio.Lock()
        self._next_look = 0.0
        self._loading: asyncio.Task[None] | None = None
        self._draw = np.random.default_rng()

    @property
    def model_version(self) -> str:
        """The version that answers now, or `trending`."""
        return self._snapshot.model.version if self._snapshot.model else TRENDING

    async def suggest(self, visitor: Claims | None, limit: int) -> Suggestions:
        """Up to `limit` live public streams for this visitor; their own stream is never among them."""
        snapshot = await self._look()
        viewer = await self._viewer(visitor.sub, snapshot.board.at) if visitor else None
        answer = recommend(snapshot, viewer, limit + SPARE, self._draw)
        live = await self._still_live([item.stream.id for item in answer.items])
        return Suggestions(answer.model_version, answer.rung, _current(answer, live, limit))

    async def board(self) -> tuple[Board, Vocabulary | None]:
        """What is live as of this second, and the words that the model knows."""
        snapshot = await self._look()
        return snapshot.board, snapshot.model.vocabulary if snapshot.model else None

    async def aclose(self) -> None:
        """Wait for a version that is being loaded."""
        if self._loading:
            await asyncio.wait([self._loading])

    async def _look(self) -> Snapshot:
        """The snapshot, renewed when it is older than a second; the one before when PostgreSQL does not answer."""
        if time.monotonic() < self._next_look:
            return self._snapshot
        async with self._looking:
            if time.monotonic() >= self._next_look:
                began = time.monotonic()
                await self._follow_promotion()
                await self._renew_board()
                ended = time.monotonic()
                self._next_look = ended + min(max(LOOK_SECONDS, (ended - began) * REST), LONGEST_REST)
        return self._snapshot

    async def _renew_board(self) -> None:
        try:
            async with connection(self._pool) as db:
                found = await streams.public(db, status="live", category=None, after=None, limit=MOST_STREAMS)
        except DATABASE_DOWN as error:
            log.warning("live streams unknown", error=str(error))
            return
        at = now().timestamp()
        activity = await self._activity([stream.id for stream in found], at)
        trends = await self._trends([stream.creator_id for stream in found], at)
        board = Board.of(tuple(map(_as_live, found, activity)), at, trends)
        self._snapshot = Snapshot.of(self._slot.model, board)

    async def _activity(self, ids: Sequence[UUID], at: float) -> list[Activity]:
        try:
            return await read_activity(self._redis, ids, at, self._settings.session_gap_seconds)
        except CACHE_DOWN as error:
            log.warning("activity of rooms unknown", error=str(error))
            return [Activity(0, 0)] * len(ids)

    async def _trends(self, creators: Sequence[UUID], at: float) -> Trends | None:
        try:
            return await read_trends(self._redis, creators, at)
        except CACHE_DOWN as error:
            log.warning("trends of channels unknown", error=str(error))
            return None

    async def _viewer(self, user: UUID, at: float) -> Viewer:
        """What is known of the viewer at the instant of the board; less when an engine does not answer."""
        try:
            creators, bonds = await read_bonds(self._redis, user, at)
        except (*CACHE_DOWN, ValueError) as error:
            log.warning("habits unknown", error=str(error))
            creators, bonds = (), NO_BONDS
        try:
            async with connection(self._pool) as db:
                follows = await profiles.followed_creators(db, user)
        except DATABASE_DOWN as error:
            log.warning("follows unknown", error=str(error))
            follows = frozenset()
        return Viewer(id=user, creators=creators, bonds=bonds, follows=frozenset(map(str, follows)))

    async def _still_live(self, ids: Sequence[UUID]) -> dict[UUID, Stream]:
        """Those of the streams that are live and public at this moment."""
        if not ids:
            return {}
        try:
            async with connection(self._pool) as db:
                return {stream.id: stream for stream in await streams.live_among(db, ids)}
        except DATABASE_DOWN as error:
            log.warning("live streams unknown", error=str(error))
            return {}

    async def _follow_promotion(self) -> None:
        """Start to load the promoted version if it is another than the one that serves."""
        try:
            stored: Any = await self._redis.get(keys.promoted_model())
            version = stored.decode() if stored else pointed_to(self._settings.models)
        except CACHE_DOWN as error:
            log.warning("promoted version unknown", error=str(error))
            return
        if version and self._slot.wants(version, time.monotonic()) and (self._loading is None or self._loading.done()):
            self._loading = asyncio.create_task(self._load(version))

    async def _load(self, version: str) -> None:
        try:
            await asyncio.to_thread(self._slot.take, version, time.monotonic())
        except ArtifactError as error:
            log.error("promoted version refused", version=version, error=str(error), serving=self.model_version)
            return
        self._snapshot = Snapshot.of(self._slot.model, self._snapshot.board)
        log.info("promoted version serves", version=version)


def _as_live(stream: Stream, activity: Activity) -> LiveStream:
    return LiveStream(
        id=stream.id,
        creator_id=stream.creator_id,
        creator=stream.creator,
        title=stream.title,
        category=stream.category,
        tags=stream.tags,
        language=stream.language,
        mature=stream.mature,
        started=(stream.started_at or stream.created_at).timestamp(),
        viewers=activity.viewers,
        acts=activity.acts,
    )


def _current(answer: Answer, live: dict[UUID, Stream], limit: int) -> tuple[Suggestion, ...]:
    found = [
        Suggestion(live[item.stream.id], item.stream.viewers, item) for item in answer.items if item.stream.id in live
    ]
    return tuple(found[:limit])
