"""Online values in Redis: each viewer's habits, and what goes on in the live rooms right now.

The definitions are those of `features/affinity.py`; a habit is kept with its instant and faded when it is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from features.affinity import Habit
from livestreamx import keys

KEEP_SECONDS = 60 * 86400
MOST_CREATORS = 200
RECENT_MINUTES = 5
BATCH = 500

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Habit).decode


class Activity(msgspec.Struct, frozen=True):
    """A room right now: viewers present, and acts (messages, reactions, gifts) of the last few minutes."""

    viewers: int
    acts: int


def write_habits(redis: Redis, habits: Iterable[tuple[str, Mapping[str, Habit]]]) -> int:
    """Replace the habits of these viewers (`user` -> `creator` -> habit), the strongest kept; how many viewers."""
    written = 0
    pipe = redis.pipeline(transaction=True)
    for user, mine in habits:
        strongest = sorted(mine.items(), key=lambda bond: bond[1].minutes + bond[1].tokens, reverse=True)
        name = keys.habits(user)
        pipe.delete(name)
        pipe.hset(name, mapping={creator: _encode(habit) for creator, habit in strongest[:MOST_CREATORS]})
        pipe.expire(name, KEEP_SECONDS)
        written += 1
        if written % BATCH == 0:
            pipe.execute()
    pipe.execute()
    return written


async def read_habits(redis: AsyncRedis, user: UUID | str, at: float) -> dict[str, Habit]:
    """The viewer's habits as of the instant `at`, by creator id; empty for a newcomer."""
    stored: Any = await redis.hgetall(keys.habits(user))
    return {creator.decode(): _decode(habit).seen_at(at) for creator, habit in stored.items()}


async def read_activity(
    redis: AsyncRedis, streams: Sequence[UUID], at: float, present_seconds: float
) -> list[Activity]:
    """What goes on in each of these rooms at the instant `at`; a viewer unheard of for `present_seconds` has left."""
    minute = int(at // 60)
    since = (at - present_seconds) * 1000
    found: list[Activity] = []
    for first in range(0, len(streams), BATCH):
        batch = streams[first : first + BATCH]
        async with redis.pipeline(transaction=False) as pipe:
            for stream in batch:
                pipe.zcount(keys.room_viewers(stream), since, "+inf")
                for back in range(RECENT_MINUTES):
                    pipe.hmget(keys.stream_minute(stream, minute - back), ["messages", "reactions", "gifts"])
            answers = await pipe.execute()
        width = 1 + RECENT_MINUTES
        for row in range(len(batch)):
            viewers, *minutes = answers[row * width : (row + 1) * width]
            found.append(Activity(int(viewers), sum(int(count or 0) for counts in minutes for count in counts)))
    return found
