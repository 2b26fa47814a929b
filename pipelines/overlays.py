"""Overlays: recorded acts appear in the room. Gifts, commands and games are shown and played, states told and kept.

Frames go out before the fence moves, each guarded by its event's id, so that a crash neither loses nor doubles one.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from html import escape
from typing import Any, cast
from uuid import UUID

import msgspec
from redis import Redis

from livestreamx import keys, topics
from livestreamx.clock import now
from livestreamx.engines.bus import ONCE_SECONDS, PlainRoomBus
from livestreamx.events import (
    GiftSent,
    StreamArchived,
    StreamCancelled,
    StreamEnded,
    StreamEvent,
    StreamScheduled,
    StreamStarted,
)
from livestreamx.frames import GiftReceived, OverlayTrigger, Person, StreamState
from pipelines import segment_frames, subscription_frames
from pipelines.combos import Streak, Streaks
from pipelines.command_frames import frames_of, keep_state
from pipelines.effects import Effects
from pipelines.feed import Pace
from pipelines.fences import Fence
from pipelines.records import Chunk, Record

NAME = "overlays"
TOPICS = (topics.ECONOMY, topics.LIFECYCLE)
PACE = Pace(ticks=True)

STATUS: dict[type[StreamEvent], str] = {
    StreamScheduled: "scheduled",
    StreamStarted: "live",
    StreamEnded: "ended",
    StreamArchived: "archived",
    StreamCancelled: "cancelled",
}
SHOWN_MS = {"common": 3000, "rare": 5000, "epic": 8000, "legendary": 12_000}
STALE = timedelta(seconds=60)
"""An animation for something older is not played any more."""
FORGOTTEN = timedelta(seconds=ONCE_SECONDS / 2)
"""Well before the bus forgets what it has shown, an old event is no news: a replay of the log shows nothing twice."""

Frame = tuple[UUID | str, str, Any, UUID | str | None]


def stream_state(event: StreamEvent) -> StreamState:
    """What the room is told of its stream."""
    return StreamState(
        id=cast(UUID, event.stream_id),
        creatorId=cast(UUID, event.creator_id),
        creator=event.creator,
        title=event.title,
        category=event.category,
        status=STATUS[type(event)],
        startedAt=event.started_at,
        endedAt=event.ended_at,
    )


def count(records: Sequence[Record]) -> Effects:
    """What newcomers are told of a stream, and which streams are live."""
    effects = Effects()
    for record in records:
        event = record.event
        keep_state(effects, event)
        segment_frames.keep_state(effects, event)
        if not isinstance(event, StreamEvent) or event.stream_id is None or event.creator_id is None:
            continue
        state = stream_state(event)
        effects.show(event.stream_id, "stream", msgspec.json.encode(state).decode())
        if state.status == "live":
            started = event.started_at or event.occurred_at
            effects.call("ZADD", keys.live_streams(), int(started.timestamp() * 1000), str(event.stream_id))
        else:
            effects.call("ZREM", keys.live_streams(), str(event.stream_id))
    return effects


def gift_frames(event: GiftSent, level: int) -> list[Frame]:
    """The gift in the room, and what is played on screen for it."""
    stream = event.stream_id
    if stream is None or event.user_id is None:
        return []
    received = GiftReceived(
        giftEventId=event.gift_event_id,
        user=Person(id=event.user_id, handle=event.handle, level=level),
        code=event.code,
        name=event.name or event.code,
        qty=event.qty,
        tokens=event.tokens,
        rarity=event.rarity,
        animationKey=event.animation_key,
        createdAt=event.occurred_at,
        comboId=event.combo_id,
        comboCount=event.combo_count,
        comboFinal=event.combo_id is None,
    )
    frames: list[Frame] = [(stream, "gift:received", received, event.event_id)]
    if now() - event.occurred_at <= STALE:
        many = f"{event.qty} x " if event.qty > 1 else ""
        trigger = OverlayTrigger(
            kind="gift",
            animationKey=event.animation_key or event.code.lower(),
            actor=event.handle,
            text=escape(f"{event.handle} sent {many}{event.name or event.code}"),
            durationMs=SHOWN_MS.get(event.rarity, SHOWN_MS["common"]),
        )
        frames.append((stream, "overlay:trigger", trigger, event.event_id))
    return frames


class Overlays:
    """Takes chunks of any partitions; the combos that go on are kept a partition each."""

    def __init__(self, redis: Redis) -> None:
        self._redis, self._bus, self._fence = redis, PlainRoomBus(redis), Fence(redis, NAME)
        self._streaks: dict[str, Streaks] = {}

    def write(self, chunks: Sequence[Chunk]) -> None:
        """Show what happened, each event once, then remember that; combos end when nothing more waits in the log."""
        for chunk in chunks:
            records, blocks = self._fence.unseen(chunk)
            streaks = self._streaks_of(chunk.place)
            frames = self._frames(records, streaks, chunk.read_ms)
            if chunk.caught_up:
                frames += streaks.end_due(chunk.read_ms)
            effects = count(records)
            effects.tell_newcomers(self._redis)
            if frames:
                self._bus.publish_all(frames)
            if streaks.write(effects, keys.flow_memory(NAME, chunk.place)) or chunk.next != chunk.start:
                self._fence.write(chunk, effects.ops(), blocks)

    def _frames(self, records: Sequence[Record], streaks: Streaks, at_ms: int) -> list[Frame]:
        oldest = now() - FORGOTTEN
        events = [record.event for record in records if record.event.occurred_at >= oldest]
        gifts = [event for event in events if isinstance(event, GiftSent)]
        levels = dict(zip((gift.user_id for gift in gifts), self._levels(gifts), strict=True))
        frames: list[Frame] = []
        for event in events:
            if isinstance(event, GiftSent):
                shown = gift_frames(event, levels[event.user_id])
                for stream, _, gift, _ in shown[:1]:
                    frames += streaks.take(cast(UUID, stream), gift, at_ms)
                frames += shown
            elif isinstance(event, StreamEvent) and event.stream_id is not None and event.creator_id is not None:
                frames.append((event.stream_id, "stream:state", stream_state(event), event.event_id))
                if isinstance(event, StreamEnded):
                    self._hurry(event.stream_id)
            else:
                frames += frames_of(event) + segment_frames.frames_of(event) + subscription_frames.frames_of(event)
        return frames

    def _hurry(self, stream: UUID) -> None:
        for streaks in self._streaks.values():
            streaks.hurry(stream)

    def _streaks_of(self, place: str) -> Streaks:
        if place not in self._streaks:
            stored = cast(dict[bytes, bytes], self._redis.hgetall(keys.flow_memory(NAME, place)))
            going_on = {name.decode(): msgspec.json.decode(streak, type=Streak) for name, streak in stored.items()}
            self._streaks[place] = Streaks(going_on)
        return self._streaks[place]

    def _levels(self, gifts: Sequence[GiftSent]) -> list[int]:
        if not gifts:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            for gift in gifts:
                pipe.hget(keys.experience(str(gift.user_id)), "level")
            return [int(level or 1) for level in pipe.execute()]


def overlays_writer(redis: Redis) -> Callable[[Sequence[Chunk]], None]:
    """Writes chunks of overlays."""
    return Overlays(redis).write
