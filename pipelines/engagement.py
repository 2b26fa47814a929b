"""Engagement: live totals and counts per minute of every stream, and who took part."""

from collections.abc import Sequence

from livestreamx import keys, topics
from livestreamx.events import ChatMessage, Event, GiftSent, ReactionSent
from pipelines.effects import Effects
from pipelines.records import Record

NAME = "engagement"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY)
MINUTE_SECONDS = 2 * 86_400
TOTAL_SECONDS = 90 * 86_400


def count(records: Sequence[Record]) -> Effects:
    """What these events add to their streams' numbers."""
    effects = Effects()
    for record in records:
        event = record.event
        if event.stream_id is None:
            continue
        match event:
            case ChatMessage(accepted=True):
                add(effects, event, {"messages": 1}, "chatters")
            case ReactionSent():
                add(effects, event, {"reactions": 1}, "reactors")
            case GiftSent():
                add(effects, event, {"gifts": 1, "tokens": event.tokens}, "gifters")
    return effects


def add(effects: Effects, event: Event, numbers: dict[str, int], people: str) -> None:
    """Add to a stream's totals, to its minute, and its actor to the people who did this."""
    stream, at = str(event.stream_id), event.occurred_at
    total, minute = keys.stream_metrics(stream), keys.stream_minute(stream, int(at.timestamp()) // 60)
    for name, number in numbers.items():
        effects.add(total, name, number)
        effects.add(minute, name, number)
    effects.largest(total, "asOf", int(at.timestamp() * 1000))
    effects.expire(total, TOTAL_SECONDS)
    effects.expire(minute, MINUTE_SECONDS)
    if event.user_id is not None:
        who = keys.stream_people(stream, people)
        effects.member(who, str(event.user_id))
        effects.expire(who, TOTAL_SECONDS)
