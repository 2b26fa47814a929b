"""What a stream is like right now: viewers, mood and totals, as the gateway and the dataflows left them in Redis."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.clock import at_ms, now_ms
from livestreamx.frames import MoodState


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of this moment; `as_of` is None, and totals are 0, where no dataflow has counted anything yet.

    `average_watch_ms` is the time watched by everybody who left, over how many they are; None while nobody has.
    """

    viewers: int
    mood: MoodState | None
    messages: int
    gift_tokens: int
    average_watch_ms: int | None
    as_of: datetime | None


class Totals(msgspec.Struct, frozen=True, rename="camel"):
    """The hash that the engagement flow keeps; `as_of` in ms since the epoch."""

    messages: int = 0
    tokens: int = 0
    watched_ms: int = 0
    watchers: int = 0
    as_of: int | None = None


def _since(session_gap_seconds: int) -> int:
    return now_ms() - session_gap_seconds * 1000


async def take_pulse(redis: AsyncRedis, stream_id: UUID, session_gap_seconds: int) -> Pulse:
    """All numbers of one stream in one round trip; a viewer counts until `session_gap_seconds` after a heartbeat."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.zcount(keys.room_viewers(stream_id), _since(session_gap_seconds), "+inf")
        pipe.get(keys.mood(stream_id))
        pipe.hgetall(keys.stream_metrics(stream_id))
        viewers, mood, fields = await pipe.execute()
    totals = msgspec.convert({name.decode(): value.decode() for name, value in fields.items()}, Totals, strict=False)
    return Pulse(
        viewers=viewers,
        mood=msgspec.json.decode(mood, type=MoodState) if mood else None,
        messages=totals.messages,
        gift_tokens=totals.tokens,
        average_watch_ms=totals.watched_ms // totals.watchers if totals.watchers else None,
        as_of=None if totals.as_of is None else at_ms(totals.as_of),
    )


async def count_viewers(redis: AsyncRedis, stream_ids: Sequence[UUID], session_gap_seconds: int) -> list[int]:
    """The viewers of each stream, in one round trip."""
    async with redis.pipeline(transaction=False) as pipe:
        for stream_id in stream_ids:
            pipe.zcount(keys.room_viewers(stream_id), _since(session_gap_seconds), "+inf")
        return await pipe.execute() if stream_ids else []
