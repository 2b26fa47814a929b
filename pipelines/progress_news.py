"""Tells levels and badges: written down first, shown in the room next, and only then taken off the list.

The list is written together with the numbers, so a crash at any moment leaves what is not told to whoever comes next.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
import psycopg
from redis import Redis

from domain.badges.model import Award, Level, News
from domain.badges.service import name_of, record_news
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.frames import BadgeShown, LevelUp
from pipelines.records import Record

MOST = 200


class ProgressNews:
    """What the progress flow has found out and nobody was told yet."""

    def __init__(self, redis: Redis, postgres_url: str) -> None:
        self._redis, self._bus, self._url = redis, PlainRoomBus(redis), postgres_url

    def after(self, _records: Sequence[Record], _results: list[Any]) -> None:
        """Tell all of it; an engine that is away ends the run, and the next one tells."""
        while waiting := cast(list[bytes], self._redis.lrange(keys.progress_news(), 0, MOST - 1)):
            self._tell([read(entry.decode()) for entry in waiting])
            with self._redis.pipeline() as pipe:
                for entry in waiting:
                    pipe.lrem(keys.progress_news(), 1, cast(str, entry))
                pipe.execute()

    def _tell(self, news: Sequence[News]) -> None:
        with psycopg.connect(self._url, application_name="livestreamx-progress") as db:
            record_news(db, news)
        frames = [(one.room, *frame_of(one)) for one in news if one.room is not None]
        if frames:
            self._bus.publish_all(frames)
        for one in news:
            if one.room is None:
                event, data, _ = frame_of(one)
                frame = {"event": event, "ts": now(), "data": data}
                self._redis.publish(keys.person_channel(one.user_id), msgspec.json.encode(frame))


def frame_of(news: News) -> tuple[str, LevelUp | BadgeShown, str]:
    """The frame's name and data, and what it is shown once for."""
    match news:
        case Level(user_id=user, level=level, xp=xp):
            return "level:up", LevelUp(userId=user, level=level, xp=xp), f"{user}:{level}"
        case Award(user_id=user, badge=badge):
            return "badge:earned", BadgeShown(userId=user, badge=badge, name=name_of(badge)), f"{user}:{badge}"


def read(entry: str) -> News:
    """An entry of the list: `level <user> <level> <room> <xp>` or `badge <user> <badge> <room>`."""
    kind, user, what, room, *rest = entry.split()
    where = None if room == "-" else UUID(room)
    return Level(UUID(user), int(what), where, int(rest[0])) if kind == "level" else Award(UUID(user), what, where)
