"""Engagement: live totals and counts per minute of every stream, and who took part."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from livestreamx import keys, topics
from livestreamx.events import ChatMessage, Event, GiftClawback, GiftRefunded, GiftSent, ReactionSent, ViewerLeft
from pipelines.effects import Effects, sliced
from pipelines.records import Record

NAME = "engagement"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY)
MINUTE_SECONDS = 2 * 86_400
TOTAL_SECONDS = 90 * 86_400


def count(records: Sequence[Record]) -> Effects:
    """What these events add to their streams' numbers."""
    effects = Effects()
    newest: dict[tuple[UUID, int], int] = {}
    numbers: defaultdict[tuple[UUID, int], Counter[str]] = defaultdict(Counter)
    people: defaultdict[tuple[UUID, str], set[str]] = defaultdict(set)
    for record in records:
        event, found = record.event, measure(record.event)
        if event.stream_id is None or found is None:
            continue
        added, what = found
        at_ms = int(event.counts_at.timestamp() * 1000)
        minute = (event.stream_id, at_ms // 60_000)
        newest[minute] = max(at_ms, newest.get(minute, 0))
        for name, number in added.items():
            numbers[minute][name] += number
        if what and (who := event.user_id or event.anon_id):
            people[event.stream_id, what].add(str(who))
    for (stream, minute_number), sums in numbers.items():
        total, minute_key = keys.stream_metrics(stream), keys.stream_minute(stream, minute_number)
        for name, number in sums.items():
            effects.add(total, name, number)
            effects.add(minute_key, name, number)
        effects.largest(total, "asOf", newest[stream, minute_number])
        effects.expire(total, TOTAL_SECONDS)
        effects.expire(minute_key, MINUTE_SECONDS)
    for (stream, what), everybody in people.items():
        key = keys.stream_people(stream)
        for some in sliced(sorted(everybody)):
            effects.call("joined", key, keys.stream_metrics(stream), what, some)
        effects.expire(key, TOTAL_SECONDS)
    return effects


def measure(event: Event) -> tuple[dict[str, int], str] | None:
    """What an event adds to its stream's numbers, and whom its actor joins, if any; None when it does not count."""
    match event:
        case ChatMessage(accepted=True):
            return {"messages": 1}, "chatters"
        case ReactionSent():
            return {"reactions": 1}, "reactors"
        case GiftSent():
            return {"gifts": 1, "tokens": event.tokens}, "gifters"
        case GiftRefunded(tokens=gone) | GiftClawback(gone=gone):
            return {"gifts": -int(isinstance(event, GiftRefunded)), "tokens": -gone}, ""
        case ViewerLeft() if event.user_id is None or event.user_id != event.creator_id:
            return {"watchedMs": event.watched_ms}, "watchers" if event.watched_ms else ""
    return None
