"""Which rollups a page of events touches: they are made anew after its rows are written and before it counts as done.

So a crash in between makes them again from the same rows, and no number of a dashboard depends on how often.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.rollups.model import Source, Touched
from livestreamx.events import (
    ChallengeContributed,
    ChatMessage,
    Event,
    FollowAdded,
    FollowRemoved,
    GiftClawback,
    GiftRefunded,
    GiftSent,
    MoodChanged,
    PollVoted,
    QuestionAnswered,
    QuestionAsked,
    QuestionUpvoted,
    ReactionSent,
    StreamEnded,
    StreamStarted,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
)
from pipelines.records import Record

MOST_SPANS = 8
"""Of one source and page; a page that is more scattered is made anew as one span."""
MINUTE = 60
INSTANT = timedelta(milliseconds=1)
STRAY = timedelta(days=1)
"""How far outside its stream's life a sign may lie that was archived before the news of it."""

SOURCES: dict[type[Event], Source] = {
    ChatMessage: "chat_messages",
    ReactionSent: "reactions",
    GiftSent: "gifts",
    GiftRefunded: "gifts",
    GiftClawback: "gifts",
    FollowAdded: "follows",
    FollowRemoved: "follows",
    MoodChanged: "mood_states",
    **dict.fromkeys((ViewerJoined, ViewerHeartbeat, ViewerLeft), "presence"),
    **dict.fromkeys(
        (PollVoted, QuestionAsked, QuestionUpvoted, QuestionAnswered, ChallengeContributed),
        "room_acts",
    ),
}

TIMED: tuple[Source, ...] = ("presence", "mood_states")
"""What counts for as long as it lasts."""

Minutes = tuple[int, int]


def touched_by(records: Iterable[Record]) -> list[Touched]:
    """What these events change, streams with the same minutes together; then what starts and ends take away."""
    spans: dict[tuple[Source, UUID], Minutes] = {}
    cut: list[Touched] = []
    for record in records:
        event = record.event
        cut += cut_by(event)
        source = SOURCES.get(type(event))
        about = event.creator_id if source == "follows" else event.stream_id
        if source is None or about is None:
            continue
        minute = int(moment_of(event).timestamp()) // MINUTE
        first, last = spans.get((source, about), (minute, minute))
        spans[source, about] = (min(first, minute), max(last, minute))
    together: defaultdict[Source, defaultdict[Minutes, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for (source, about), minutes in spans.items():
        together[source][minutes].append(about)
    touched = [
        Touched(source, tuple(about), at_minute(first), at_minute(last + 1))
        for source, found in together.items()
        for (first, last), about in (found if len(found) <= MOST_SPANS else as_one(found)).items()
    ]
    return touched + cut


def cut_by(event: Event) -> list[Touched]:
    """What may have been counted outside of the life of a stream before its start or end was known."""
    if not isinstance(event, StreamStarted | StreamEnded) or event.stream_id is None:
        return []
    if isinstance(event, StreamEnded):
        since = event.ended_at or event.occurred_at
        until = since + STRAY
    else:
        until = event.started_at or event.occurred_at
        since = until - STRAY
    return [Touched(source, (event.stream_id,), since, until) for source in TIMED]


def moment_of(event: Event) -> datetime:
    """The moment whose minute an event belongs to; a mood belongs to the hop that ends with it."""
    return event.hop_end - INSTANT if isinstance(event, MoodChanged) else event.counts_at


def as_one(found: dict[Minutes, list[UUID]]) -> dict[Minutes, list[UUID]]:
    """One span that holds them all."""
    span = min(first for first, _ in found), max(last for _, last in found)
    return {span: [about for some in found.values() for about in some]}


def at_minute(number: int) -> datetime:
    """The minute of this number since the epoch."""
    return datetime.fromtimestamp(number * MINUTE, UTC)
