"""Online values in Redis: viewers' bonds, channels' trends, and what goes on in the live rooms right now.

The definitions are those of `features/affinity.py` and `features/trend.py`; a row is kept with its instant and faded
when it is read.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from features import affinity, trend
from features.affinity import Bonds
from features.trend import Trends
from livestreamx import keys
from livestreamx.pace import Rest, at_once

KEEP_SECONDS = 60 * 86400
MOST_CREATORS = 200
RECENT_MINUTES = 5
BATCH = 200

ROOMS_AT_ONCE = 50

ACTIVITY = """
local told, each = {}, tonumber(ARGV[2])
for viewers = 1, #KEYS, each do
    local acts = 0
    for minute = viewers + 1, viewers + each - 1 do
        for _, count in ipairs(redis.call('HMGET', KEYS[minute], 'messages', 'reactions', 'gifts')) do
            acts = acts + (tonumber(count or 0) or 0)
        end
    end
    table.insert(told, redis.call('ZCOUNT', KEYS[viewers], ARGV[1], '+inf'))
    table.insert(told, acts)
end
return told
"""
"""Keys, as many for each room: its viewers, then its latest minutes. Who is present, and how much they did."""

Floats = NDArray[np.float64]


class Activity(msgspec.Struct, frozen=True):
    """A room right now: viewers present, and acts (messages, reactions, gifts) of the last few minutes."""

    viewers: int
    acts: int


def fill_bonds(redis: Redis, bonds: Iterable[tuple[str, Sequence[str], Floats]]) -> int:
    """Add the strongest bonds of these viewers (id, creators' ids, stored rows) that are not known online.

    What is known is fresher: the dataflow keeps it. How many viewers.
    """
    written = 0
    pipe = redis.pipeline(transaction=False)
    for user, creators, stored in bonds:
        strength = Bonds(at=0.0, sums=stored[:, 4:], first=stored[:, 1], last=stored[:, 2], left=stored[:, 3]).strength
        kept = np.argsort(-strength, kind="stable")[:MOST_CREATORS]
        name = keys.habits(user)
        for row, packed in zip(kept.tolist(), affinity.pack(stored[kept]), strict=True):
            pipe.hsetnx(name, creators[row], packed)
        pipe.expire(name, KEEP_SECONDS)
        written += 1
        if written % BATCH == 0:
            pipe.execute()
    pipe.execute()
    return written


async def read_bonds(redis: AsyncRedis, user: UUID | str, at: float) -> tuple[tuple[str, ...], Bonds]:
    """The ids of the creators this viewer has a bond with and the bonds as of the instant `at`; none for a newcomer."""
    stored: Any = await redis.hgetall(keys.habits(user))
    return tuple(creator.decode() for creator in stored), affinity.unpack(list(stored.values()), at)


def fill_trends(redis: Redis, creators: Sequence[str], stored: Floats) -> None:
    """Add the trends of these channels where none are known online."""
    packed = affinity.pack(stored)
    for first in range(0, len(creators), BATCH):
        with redis.pipeline(transaction=False) as pipe:
            for creator, row in zip(creators[first : first + BATCH], packed[first : first + BATCH], strict=True):
                pipe.hsetnx(keys.trends(), creator, row)
            pipe.execute()


def note_filled(redis: Redis, until: float) -> None:
    """What happened before this instant is filled in: the dataflow does not count it again."""
    redis.set(keys.habits_filled(), repr(until))


def read_trend_rows(redis: Redis, creators: Sequence[str]) -> Floats:
    """The stored trends of these channels, one row each, shape [n, trend.WIDTH]."""
    packed: list[Any] = []
    for first in range(0, len(creators), BATCH):
        packed += cast(list[Any], redis.hmget(keys.trends(), list(creators[first : first + BATCH])))
    return trend.stored_rows(packed)


async def read_trends(redis: AsyncRedis, creators: Sequence[UUID | str], at: float) -> Trends:
    """The trends of these channels as of the instant `at`, one row each."""
    packed: list[Any] = []
    for first in range(0, len(creators), BATCH):
        packed += await redis.hmget(keys.trends(), [str(creator) for creator in creators[first : first + BATCH]])
    return trend.unpack(packed, at)


class RoomReader:
    """Reads what goes on in rooms, many in one answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._tell = redis.register_script(ACTIVITY)

    def read(self, streams: Sequence[UUID], at: float, present_seconds: float, rest: Rest = at_once) -> list[Activity]:
        """What goes on in each of these rooms at the instant `at`; who is unheard of for `present_seconds` has left."""
        latest, since = int(at // 60), (at - present_seconds) * 1000
        minutes = range(latest, latest - RECENT_MINUTES, -1)
        found: list[Activity] = []
        for first in range(0, len(streams), ROOMS_AT_ONCE):
            names: list[str] = []
            for stream in map(str, streams[first : first + ROOMS_AT_ONCE]):
                names += (keys.room_viewers(stream), *(keys.stream_minute(stream, minute) for minute in minutes))
            told = cast(list[int], self._tell(keys=names, args=[since, 1 + RECENT_MINUTES]))
            found += map(Activity, told[::2], told[1::2])
            rest()
        return found
