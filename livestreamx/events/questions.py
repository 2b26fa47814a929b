"""Questions of the audience and what became of them. Recorded acts, from the outbox; the actor is the asker
except where it says otherwise."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class QuestionEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to a question."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    question_id: UUID


class QuestionAsked(QuestionEvent, frozen=True, kw_only=True, tag="qa.asked"):
    """Somebody asked."""

    handle: str
    text: str


class QuestionUpvoted(QuestionEvent, frozen=True, kw_only=True, tag="qa.upvoted"):
    """Somebody wants it answered: the actor, once a question."""


class QuestionClosed(QuestionEvent, frozen=True, kw_only=True):
    """Base of the ends of a question; the text is that of `qa.asked`."""

    handle: str
    text: str
    votes: int
    asked_at: datetime


class QuestionAnswered(QuestionClosed, frozen=True, kw_only=True, tag="qa.answered"):
    """It was answered on air, as `answered_by` said."""

    answered_by: UUID


class QuestionDismissed(QuestionClosed, frozen=True, kw_only=True, tag="qa.dismissed"):
    """`dismissed_by` took it off the list."""

    dismissed_by: UUID


class QuestionExpired(QuestionClosed, frozen=True, kw_only=True, tag="qa.expired"):
    """The stream ended without an answer."""
