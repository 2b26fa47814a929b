"""Rows of history: which ClickHouse tables an event is written to, and its columns there.

Every event goes to `events`; those with a table of their own also there, with their payload as columns.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from livestreamx.events import (
    ChallengeContributed,
    ChatMessage,
    Event,
    FollowAdded,
    FollowRemoved,
    GiftClawback,
    GiftRefunded,
    GiftSent,
    HistoryDeleted,
    MomentDetected,
    MoodChanged,
    PollEnded,
    PollVoted,
    QuestionAnswered,
    QuestionAsked,
    QuestionUpvoted,
    ReactionSent,
    RecommendationClicked,
    RecommendationsChosen,
    RecommendationShown,
    SegmentEnd,
    SegmentStarted,
    StreamEvent,
    SubscriptionEvent,
    SubscriptionGifted,
    SubscriptionPaid,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
    encode,
    tag_of,
)
from pipelines.records import Chunk, Record, Unreadable

Row = dict[str, Any]
NOBODY = UUID(int=0)
KINDS: dict[type[Event], str] = {ViewerJoined: "joined", ViewerHeartbeat: "heartbeat", ViewerLeft: "left"}


def event_row(chunk: Chunk, record: Record) -> Row:
    """The row of `events`; the text of chat rests in `chat_messages` only, where it can be erased."""
    event = record.event
    payload = encode(msgspec.structs.replace(event, text="")) if isinstance(event, ChatMessage) else record.payload
    return {
        "event_id": event.event_id,
        "type": tag_of(type(event)),
        "occurred_at": event.occurred_at,
        "stream_id": event.stream_id or NOBODY,
        "creator_id": event.creator_id or NOBODY,
        "user_id": event.user_id or NOBODY,
        "anon_id": event.anon_id or "",
        "session_id": event.session_id or "",
        "request_id": record.request_id,
        "topic": chunk.topic,
        "partition": chunk.partition,
        "offset": record.offset,
        "payload": (payload or encode(event)).decode("utf-8", "replace"),
    }


def _columns(event: Event, *names: str) -> Row:
    always = {
        "stream_id": event.stream_id or NOBODY,
        "occurred_at": event.occurred_at,
        "event_id": event.event_id,
        "creator_id": event.creator_id or NOBODY,
        "user_id": event.user_id or NOBODY,
    }
    return always | {name: getattr(event, name) for name in names}


def _chat(event: Any) -> Row:
    row = _columns(event, "message_id", "handle", "text", "length", "lang", "accepted")
    return row | {"reply_to": event.reply_to or NOBODY}


def _gift(event: Any) -> Row:
    row = _columns(event, "gift_event_id", "handle", "code", "qty", "tokens", "paid", "bonus")
    return row | {"command": event.command or "", "combo_id": event.combo_id or ""}


def _refund(event: Any) -> Row:
    return _columns(event, "gift_event_id", "code", "qty", "tokens", "paid", "bonus", "sent_at", "reason")


def _clawback(event: Any) -> Row:
    return _columns(event, "gift_event_id", "code", "sent_at") | {"tokens": event.gone}


def _presence(event: Any) -> Row:
    given = {name: getattr(event, name, empty) for name, empty in PRESENCE.items()}
    person = {"anon_id": event.anon_id or "", "session_id": event.session_id or ""}
    return _columns(event) | {"kind": KINDS[type(event)]} | person | given


PRESENCE: Row = {"focus": False, "source": "", "device": "", "referrer": "", "watched_ms": 0}


def _mood(event: Any) -> Row:
    names = ("hop_end", "mood", "intensity", "shares", "reactors", "since")
    row = {name: getattr(event, name) for name in names}
    return row | {"stream_id": event.stream_id or NOBODY, "event_id": event.event_id}


def _stream(event: Any) -> Row:
    names = ("creator", "title", "category", "tags", "language", "mature", "visibility", "started_at", "ended_at")
    row = _columns(event, *names) | {"type": tag_of(type(event))}
    del row["user_id"]
    return row


def _follow(event: Any) -> Row:
    return _columns(event) | {"type": tag_of(type(event)), "source": getattr(event, "source", "")}


def _recommendation(event: Any) -> Row:
    row = _columns(event, "position", "source", "model_version")
    del row["creator_id"]
    return row | {"type": tag_of(type(event)), "anon_id": event.anon_id or ""}


def _history_choice(event: Any) -> Row:
    row = _columns(event) | {"opt_out": event.opted_out if isinstance(event, HistoryDeleted) else event.opt_out}
    del row["stream_id"], row["creator_id"]
    return row


def _room_act(event: Any) -> Row:
    """A vote with its choice, a question, a share in a challenge; `subject` is what it is about."""
    subject = next(getattr(event, name) for name in SUBJECTS if hasattr(event, name))
    amount = next((getattr(event, name) for name in ("choice_id", "amount") if hasattr(event, name)), 0)
    return _columns(event) | {"type": tag_of(type(event)), "subject": subject, "amount": amount}


SUBJECTS = ("poll_id", "question_id", "challenge_id")


def _poll(event: Any) -> Row:
    row = _columns(event, "poll_id", "state", "question", "choices", "votes", "voters", "viewers")
    del row["creator_id"], row["user_id"]
    return row | {"winner": event.winner or 0}


def _moment(event: Any) -> Row:
    names = ("happened_at", "score", "messages", "reactions", "tokens")
    row = _columns(event, *names)
    del row["user_id"], row["occurred_at"]
    return row


def _segment(event: Any) -> Row | None:
    """A clip that is on air, or was; what never came there has no place on a chart."""
    if event.started_at is None:
        return None
    names = ("segment_id", "vod_id", "title", "started_at")
    row = _columns(event, *names) | {"ended_at": event.started_at, "outcome": "", "version": 1}
    del row["user_id"], row["occurred_at"]
    if isinstance(event, SegmentEnd):
        row |= {"ended_at": event.ended_at, "outcome": tag_of(type(event)).partition(".")[2], "version": 2}
    return row


def _subscription(event: Any) -> Row:
    row = _columns(event, "subscription_id", "tier", "amount_minor", "currency", "state")
    return row | {"type": tag_of(type(event)), "recipient_id": getattr(event, "recipient_id", NOBODY)}


TABLES: dict[type[Event], tuple[str, Callable[[Any], Row | None]]] = {
    ChatMessage: ("chat_messages", _chat),
    GiftSent: ("gifts", _gift),
    GiftRefunded: ("gift_refunds", _refund),
    GiftClawback: ("gift_clawbacks", _clawback),
    ReactionSent: ("reactions", lambda event: _columns(event, "mood")),
    ViewerJoined: ("presence", _presence),
    ViewerHeartbeat: ("presence", _presence),
    ViewerLeft: ("presence", _presence),
    MoodChanged: ("mood_states", _mood),
    MomentDetected: ("moments", _moment),
    PollEnded: ("polls", _poll),
    SegmentStarted: ("segments", _segment),
    FollowAdded: ("follows", _follow),
    FollowRemoved: ("follows", _follow),
    RecommendationShown: ("recommendations", _recommendation),
    RecommendationClicked: ("recommendations", _recommendation),
    HistoryDeleted: ("history_choices", _history_choice),
    RecommendationsChosen: ("history_choices", _history_choice),
    **dict.fromkeys(
        (PollVoted, QuestionAsked, QuestionUpvoted, QuestionAnswered, ChallengeContributed), ("room_acts", _room_act)
    ),
    **dict.fromkeys(
        (*SubscriptionEvent.__subclasses__(), *SubscriptionPaid.__subclasses__(), SubscriptionGifted),
        ("subscriptions", _subscription),
    ),
    **dict.fromkeys(SegmentEnd.__subclasses__(), ("segments", _segment)),
    **dict.fromkeys(StreamEvent.__subclasses__(), ("lifecycle", _stream)),
}


def typed_row(record: Record) -> tuple[str, Row] | None:
    """The table and row of an event's own kind, if it has one."""
    found = TABLES.get(type(record.event))
    row = found[1](record.event) if found else None
    return (found[0], row) if found and row else None


def dead_letter_row(chunk: Chunk, record: Unreadable) -> Row:
    """The row of `dead_letters`."""
    return {
        "topic": chunk.topic,
        "partition": chunk.partition,
        "offset": record.offset,
        "logged_at": record.logged_ms / 1000,
        "reason": record.reason,
        "request_id": record.request_id,
        "record": record.payload,
    }


def progress_row(chunk: Chunk) -> Row:
    """The row of `archive_offsets`."""
    return {"topic": chunk.topic, "partition": chunk.partition, "next_offset": chunk.next}
