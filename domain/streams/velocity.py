"""How fast a stream goes at this moment, from the seconds that the pulse flow keeps in Redis."""

from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from features.pulse import TRAILING_SECONDS, WINDOW_SECONDS, Velocity, sums_of, velocity
from livestreamx import keys
from livestreamx.clock import now_ms

SETTLED_SECONDS = 1
"""The second that is running, and the one before, are still being counted."""


async def take_velocity(redis: AsyncRedis, stream_id: UUID) -> Velocity:
    """The last window that is whole, beside the five minutes before it; one round trip."""
    until = now_ms() // 1000 - SETTLED_SECONDS
    first = until - TRAILING_SECONDS - WINDOW_SECONDS
    async with redis.pipeline(transaction=False) as pipe:
        for minute in range(first // 60, until // 60 + 1):
            pipe.hgetall(keys.stream_pulse(stream_id, minute))
        found = await pipe.execute()
    seconds = {int(second): sums_of(sums) for part in found for second, sums in part.items()}
    return velocity(seconds, until)
