"""Progress: watching, chatting, reacting and giving earn experience, experience makes levels and the `xp` board.

The script keeps one hash a person and day of what was counted, so that no order or repetition of acts changes the sum.
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from redis import Redis

from features import experience
from features.leaderboards import standings
from livestreamx import keys, topics
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.events import ChatMessage, Event, GiftRefunded, GiftSent, MinigameEnded, ReactionSent, ViewerHeartbeat
from livestreamx.frames import LevelUp
from pipelines.effects import Effects
from pipelines.records import Record

NAME = "progress"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY)
DAY_SECONDS = 86_400
DAY_KEPT_SECONDS = 16 * DAY_SECONDS
"""Longer than the log keeps a day's events, and than a gift's earnings are pending: a refund finds the day."""

WEIGHTS = (
    experience.DAY_CAP,
    experience.SPEND_CAP,
    experience.PAID_TOKENS_PER_XP,
    experience.CHAT_XP,
    experience.REACTION_XP,
    experience.WATCH_XP,
)


def count(records: Sequence[Record]) -> Effects:
    """What these events let their actors learn."""
    effects = Effects()
    latest: dict[tuple[UUID, int], tuple[str, datetime]] = {}
    for record in records:
        event = record.event
        if event.user_id is None or event.user_id == event.creator_id:
            continue
        at, second = event.counts_at, int(event.counts_at.timestamp())
        day = (event.user_id, second // DAY_SECONDS)
        key, last = latest.get(day) or (keys.experience_day(event.user_id, at.astimezone(UTC).date().isoformat()), at)
        if earn(effects, event, key, second):
            latest[day] = (key, max(at, last))
    for (user, _), (key, at) in latest.items():
        boards = [
            (keys.board("xp", one.scope, one.ref), keys.board_totals("xp", one.scope, one.ref), one.tie, one.keep)
            for one in standings(at)
        ]
        effects.call("learn", keys.experience(user), key, str(user), WEIGHTS, boards)
        effects.expire(key, DAY_KEPT_SECONDS)
    return effects


def earn(effects: Effects, event: Event, key: str, second: int) -> bool:
    """Count an act on its actor's day (`key`); whether it is one that counts."""
    match event:
        case ChatMessage(accepted=True, text=text):
            effects.call("mark", key, "slots", f"slot:{second // experience.CHAT_SLOT_SECONDS}")
            effects.call("mark", key, "texts", f"text:{zlib.crc32(text.casefold().encode())}")
        case ReactionSent():
            effects.call("mark", key, "reactions", f"reaction:{second // experience.REACTION_SLOT_SECONDS}")
        case ViewerHeartbeat(focus=True):
            minute = second // 60
            mark = f"watch:{minute}:{event.stream_id}"
            effects.call("mark", key, "watch", mark, f"streams:{minute}", experience.WATCH_STREAMS)
        case GiftSent(paid=paid) if paid:
            effects.add(key, "paid", paid)
        case GiftRefunded(paid=paid) if paid:
            effects.add(key, "paid", -paid)
        case MinigameEnded(xp=prize) if prize:
            effects.add(key, "prizes", prize)
        case _:
            return False
    return True


class LevelFrames:
    """Tells a room that somebody in it reached a level."""

    def __init__(self, redis: Redis) -> None:
        self._bus = PlainRoomBus(redis)

    def after(self, records: Sequence[Record], results: list[Any]) -> None:
        """One frame for each level-up, in the room of the person's last act."""
        rooms = {str(record.event.user_id): record.event.stream_id for record in records if record.event.stream_id}
        frames = []
        for user, level, xp in results:
            name = user.decode()
            if room := rooms.get(name):
                data = LevelUp(userId=UUID(name), level=int(level), xp=int(xp))
                frames.append((room, "level:up", data, f"{name}:{int(level)}"))
        if frames:
            self._bus.publish_all(frames)
