"""What is live, kept at hand: read from the engines in a thread of its own, whole now and then, else what is new.

Much work a look is bounded: with many streams the busy and the young ones are looked at each time, the others in turn.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
import psycopg
import structlog
from numpy.typing import NDArray
from redis import Redis
from redis.exceptions import RedisError

from domain.streams import queries as streams
from domain.streams.model import Stream
from features import trend
from features.store import Activity, read_activity, read_trend_rows
from livestreamx.clock import now
from livestreamx.engines import redis as redis_engine
from livestreamx.settings import Settings
from ranking.candidates import Board, LiveStream

log = structlog.get_logger("api.recommendations")

MOST_STREAMS = 50_000
MOST_ROOMS = 500
"""Rooms whose numbers are read in one look."""
YOUNG_SECONDS, BUSY = 120.0, 200
OVERLAP = timedelta(seconds=15)
"""A stream may become visible so much later than it began."""
REST, LONGEST_REST = 30, 30.0
"""All streams are read again after so many times as long as it took, but not later than this (s)."""
DATABASE_DOWN = (psycopg.Error, OSError)
CACHE_DOWN = (RedisError, OSError)


class LiveBoard:
    """Makes boards; one thread at a time. It owns its connections: `close` them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._db: psycopg.Connection[tuple[object, ...]] | None = None
        self._redis: Redis = redis_engine.connect_plain(settings.redis_url)
        self._streams: dict[UUID, LiveStream] = {}
        self._owners: dict[UUID, str] = {}
        self._trends: NDArray[np.float64] = np.zeros((0, trend.WIDTH))
        self._whole_due = 0.0
        self._since: datetime | None = None
        self._turn = 0

    def look(self) -> Board | None:
        """The board as of now; None when the database does not answer."""
        at = now()
        try:
            self._read_streams(at)
        except DATABASE_DOWN as error:
            log.warning("live streams unknown", error=str(error))
            self._disconnect()
            return None
        rows = self._to_read(at.timestamp())
        self._read_rooms(rows, at.timestamp())
        every = tuple(self._streams.values())
        trends = trend.seen_at(self._trends, at.timestamp())
        return Board.of(every, at.timestamp(), trends, [self._owners[stream.id] for stream in every])

    def close(self) -> None:
        """Leave the engines."""
        self._disconnect()
        self._redis.close()

    def _disconnect(self) -> None:
        if self._db:
            self._db.close()
        self._db = None
        self._whole_due = 0.0

    def _read_streams(self, at: datetime) -> None:
        if self._db is None:
            self._db = psycopg.connect(
                self._settings.postgres_url, autocommit=True, connect_timeout=5, application_name="livestreamx-board"
            )
        began = time.monotonic()
        if began >= self._whole_due:
            found = streams.live_since(self._db, None, MOST_STREAMS)
            self._replace({stream.id: self._as_live(stream) for stream in found})
            ended = time.monotonic()
            self._whole_due = ended + min((ended - began) * REST, LONGEST_REST)
        else:
            found = streams.live_since(self._db, self._since, MOST_STREAMS)
            new = [stream for stream in found if stream.id not in self._streams]
            if new:
                self._replace(self._streams | {stream.id: self._as_live(stream) for stream in new})
        self._since = at - OVERLAP

    def _replace(self, found: dict[UUID, LiveStream]) -> None:
        """Take these streams for those before; the trends of those that stay are kept."""
        places = {stream: row for row, stream in enumerate(self._streams)}
        rows = np.array([places.get(stream, -1) for stream in found], np.int32)
        trends = np.zeros((len(found), trend.WIDTH))
        trends[rows >= 0] = self._trends[rows[rows >= 0]]
        self._owners = {stream.id: self._owners.get(stream.id) or str(stream.creator_id) for stream in found.values()}
        self._streams, self._trends = found, trends

    def _as_live(self, stream: Stream) -> LiveStream:
        """The stream, with the numbers that are known of it; the same object where nothing changed."""
        before = self._streams.get(stream.id)
        live = LiveStream(
            id=stream.id,
            creator_id=stream.creator_id,
            creator=stream.creator,
            title=stream.title,
            category=stream.category,
            tags=stream.tags,
            language=stream.language,
            mature=stream.mature,
            started=(stream.started_at or stream.created_at).timestamp(),
            viewers=before.viewers if before else 0,
            acts=before.acts if before else 0,
        )
        return before if before == live else live

    def _to_read(self, at: float) -> Sequence[int]:
        """The rows whose numbers are read now: all if they are few, else the young, the busy, and some in turn."""
        every = [*self._streams.values()]
        if len(every) <= MOST_ROOMS:
            return range(len(every))
        young = [row for row, stream in enumerate(every) if at - stream.started < YOUNG_SECONDS][:MOST_ROOMS]
        viewers = np.array([stream.viewers for stream in every])
        busy = np.argpartition(-viewers, BUSY)[:BUSY].tolist()
        chosen = dict.fromkeys([*young, *busy])
        for _ in range(max(MOST_ROOMS // 5, MOST_ROOMS - len(chosen))):
            self._turn = (self._turn + 1) % len(every)
            chosen[self._turn] = None
        return [*chosen]

    def _read_rooms(self, rows: Sequence[int], at: float) -> None:
        names = [*self._streams]
        ids = [names[row] for row in rows]
        try:
            activity = read_activity(self._redis, ids, at, self._settings.session_gap_seconds)
            self._trends[list(rows)] = read_trend_rows(self._redis, [self._owners[stream] for stream in ids])
        except CACHE_DOWN as error:
            log.warning("activity of rooms unknown", error=str(error))
            activity = [Activity(0, 0)] * len(ids)
        for stream, found in zip(ids, activity, strict=True):
            known = self._streams[stream]
            if (known.viewers, known.acts) != (found.viewers, found.acts):
                self._streams[stream] = msgspec.structs.replace(known, viewers=found.viewers, acts=found.acts)
