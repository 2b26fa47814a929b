"""What is live, kept at hand: read from the engines in a thread of its own, whole at first, then what has changed.

Much work a look is bounded: with many streams the busy and the young ones are looked at each time, the others in turn.
"""

import gc
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import structlog
from redis import Redis
from redis.exceptions import RedisError

from domain.streams import queries as streams
from domain.streams.model import Stream
from features.store import Activity, RoomReader, read_trend_rows
from livestreamx.clock import now
from livestreamx.engines import redis as redis_engine
from livestreamx.pace import Pace, Rest, at_once, in_pieces
from livestreamx.settings import Settings
from ranking.board import Board, LiveStream
from ranking.live import STARTED, VIEWERS, LiveTable

log = structlog.get_logger("api.recommendations")

MOST_STREAMS = 50_000
MOST_ROOMS = 500
"""Rooms whose numbers are read in one look."""
YOUNG_SECONDS, BUSY = 120.0, 200
OVERLAP_SECONDS = 15.0
"""A change may become visible so much later than it was made."""
WORKING_SHARE = 0.2
"""A look takes no more of the time than this while it lasts: requests come first."""
WHOLE_SECONDS = 300.0
"""All streams are read again this often: a change may have become visible later still, and handles change."""
DATABASE_DOWN = (psycopg.Error, OSError)
CACHE_DOWN = (RedisError, OSError)


class LiveBoard:
    """Makes boards; one thread at a time. It owns its connections: `close` them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._db: psycopg.Connection[tuple[object, ...]] | None = None
        self._redis: Redis = redis_engine.connect_plain(settings.redis_url)
        self._rooms = RoomReader(self._redis)
        self._table = LiveTable()
        self._read_at = self._read_whole_at = -WHOLE_SECONDS
        self._turn = 0

    def look(self) -> Board | None:
        """The board as of now; None when the database does not answer. All but the first look is done in pieces."""
        at = now().timestamp()
        rest = Pace(WORKING_SHARE) if len(self._table) else at_once
        try:
            self._read_streams(rest)
        except DATABASE_DOWN as error:
            log.warning("live streams unknown", error=str(error))
            self._disconnect()
            return None
        self._read_rooms(self._to_read(at), at, rest)
        return self._table.board(at)

    def close(self) -> None:
        """Leave the engines."""
        self._disconnect()
        self._redis.close()

    def _disconnect(self) -> None:
        if self._db:
            self._db.close()
        self._db = None

    def _read_streams(self, rest: Rest) -> None:
        if self._db is None:
            self._db = psycopg.connect(
                self._settings.postgres_url, autocommit=True, connect_timeout=5, application_name="livestreamx-board"
            )
            self._read_whole_at = -WHOLE_SECONDS
        began = time.monotonic()
        if began - self._read_whole_at >= WHOLE_SECONDS:
            self._table.keep(map(as_live, streams.all_live(self._db, MOST_STREAMS)), rest)
            gc.collect(1)
            gc.freeze()  # they stay: to walk them in each full collection would hold requests up
            self._read_whole_at = began
        else:
            span = timedelta(seconds=began - self._read_at + OVERLAP_SECONDS)
            for stream in in_pieces(streams.changed_within(self._db, span, MOST_STREAMS), rest):
                if stream.status == "live" and stream.visibility == "public":
                    self._table.put(as_live(stream))
                else:
                    self._table.drop(stream.id)
        self._read_at = began

    def _to_read(self, at: float) -> Sequence[int]:
        """The rows whose numbers are read now: all if they are few, else the young, the busy, and some in turn."""
        every = len(self._table)
        if every <= MOST_ROOMS:
            return range(every)
        young = np.flatnonzero(at - self._table.column(STARTED) < YOUNG_SECONDS)[:MOST_ROOMS].tolist()
        busy = np.argpartition(-self._table.column(VIEWERS), BUSY)[:BUSY].tolist()
        chosen = dict.fromkeys([*young, *busy])
        for _ in range(max(MOST_ROOMS // 5, MOST_ROOMS - len(chosen))):
            self._turn = (self._turn + 1) % every
            chosen[self._turn] = None
        return [*chosen]

    def _read_rooms(self, rows: Sequence[int], at: float, rest: Rest) -> None:
        ids, owners = self._table.names(rows)
        try:
            activity = self._rooms.read(ids, at, self._settings.session_gap_seconds, rest)
            trends = read_trend_rows(self._redis, owners)
        except CACHE_DOWN as error:
            log.warning("activity of rooms unknown", error=str(error))
            activity, trends = [Activity(0, 0)] * len(ids), None
        rest()
        self._table.note(at, rows, activity, trends)
        rest()


def as_live(stream: Stream) -> LiveStream:
    """A live stream as it is ranked."""
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
        created=stream.created_at.timestamp(),
        scheduled=stream.scheduled_at.timestamp() if stream.scheduled_at else None,
    )


def as_stream(live: LiveStream) -> Stream:
    """The live public stream that was ranked."""
    return Stream(
        id=live.id,
        creator_id=live.creator_id,
        creator=live.creator,
        title=live.title,
        category=live.category,
        tags=live.tags,
        language=live.language,
        visibility="public",
        mature=live.mature,
        status="live",
        scheduled_at=None if live.scheduled is None else datetime.fromtimestamp(live.scheduled, UTC),
        started_at=datetime.fromtimestamp(live.started, UTC),
        ended_at=None,
        created_at=datetime.fromtimestamp(live.created, UTC),
    )
