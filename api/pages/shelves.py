"""Streams as the cards of a shelf: what PostgreSQL says of them, and what Redis says of this moment."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from api.pages.views import Pick, StreamCard, card_of
from domain.streams.model import Stream
from domain.streams.pulse import count_viewers
from livestreamx import keys


class MoodName(msgspec.Struct, frozen=True):
    """The part of a `mood:state` that a card shows."""

    mood: str = "neutral"


async def name_moods(redis: AsyncRedis, stream_ids: Sequence[UUID]) -> list[str]:
    """The mood of each stream now, `neutral` where none is known."""
    if not stream_ids:
        return []
    found = await redis.mget([keys.mood(stream_id) for stream_id in stream_ids])
    return [msgspec.json.decode(state, type=MoodName).mood if state else "neutral" for state in found]


async def make_cards(
    redis: AsyncRedis,
    streams: Sequence[Stream],
    session_gap_seconds: int,
    picks: Mapping[UUID, Pick] | None = None,
) -> list[StreamCard]:
    """The streams as cards, in their order; only what is live is asked for its viewers and mood."""
    live = [stream.id for stream in streams if stream.status == "live"]
    viewers = dict(zip(live, await count_viewers(redis, live, session_gap_seconds), strict=True))
    moods = dict(zip(live, await name_moods(redis, live), strict=True))
    chosen = picks or {}
    return [
        card_of(stream, viewers.get(stream.id, 0), moods.get(stream.id, "neutral"), chosen.get(stream.id))
        for stream in streams
    ]


def by_viewers(cards: Sequence[StreamCard]) -> list[StreamCard]:
    """The most watched first; the order they came in decides between equals."""
    return sorted(cards, key=lambda card: -card.viewers)
