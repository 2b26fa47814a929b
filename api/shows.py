"""How streams are shown: as a card in a list, and in full."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from api.schema import View
from api.segments import SegmentOnAir
from domain.commands.scenes import PLAIN
from domain.segments.model import Segment
from domain.streams.model import Status, Stream, Visibility
from domain.streams.pulse import Pulse, count_viewers, take_pulse
from livestreamx.frames import MoodState, SceneState
from livestreamx.settings import Settings


class Viewers(View, frozen=True, kw_only=True):
    """Who watches: how many, and up to 20 handles of those who agreed to be named."""

    count: int
    handles: tuple[str, ...] = ()


class StreamCard(View, frozen=True, kw_only=True):
    """A stream in a list; `creator` is a handle."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    category: str
    tags: tuple[str, ...]
    language: str
    visibility: Visibility
    mature: bool
    status: Status
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    viewers: Viewers


class LiveTotals(View, frozen=True, kw_only=True):
    """Totals as of `asOf`, which is null before anything was counted; `avgWatchMs` is null until somebody has left."""

    chat_count: int
    gift_sum: int
    avg_watch_ms: int | None
    as_of: datetime | None


class StreamView(StreamCard, frozen=True, kw_only=True):
    """A stream in full; `moodState` is null where nobody has reacted yet."""

    mood_state: MoodState | None
    segments: tuple[SegmentOnAir, ...] = ()
    """The clip that is on air."""
    overlays: tuple[str, ...] = ()
    """What lies over it: effects, and keys of its creator's overlays."""
    metrics: LiveTotals


def card(stream: Stream, viewers: int) -> StreamCard:
    """A stream for a list."""
    return StreamCard(**msgspec.structs.asdict(stream), viewers=Viewers(count=viewers))


async def cards(redis: AsyncRedis, settings: Settings, streams: Sequence[Stream]) -> tuple[StreamCard, ...]:
    """Streams for a list, with the viewers of this moment."""
    counts = await count_viewers(redis, [stream.id for stream in streams], settings.session_gap_seconds)
    return tuple(card(stream, count) for stream, count in zip(streams, counts, strict=True))


async def show(
    redis: AsyncRedis,
    settings: Settings,
    stream: Stream,
    *,
    segment: Segment | None = None,
    scene: SceneState = PLAIN,
) -> StreamView:
    """A stream in full, with the numbers of this moment, the clip that is on air, and what lies over it."""
    pulse: Pulse = await take_pulse(redis, stream.id, settings.session_gap_seconds)
    return StreamView(
        **msgspec.structs.asdict(stream),
        viewers=Viewers(count=pulse.viewers),
        mood_state=pulse.mood,
        segments=SegmentOnAir.of(segment),
        overlays=(*scene.overlays, *(layer.key for layer in scene.layers)),
        metrics=LiveTotals(
            chat_count=pulse.messages,
            gift_sum=pulse.gift_tokens,
            avg_watch_ms=pulse.average_watch_ms,
            as_of=pulse.as_of,
        ),
    )
