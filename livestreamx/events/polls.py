"""Polls: one vote a person, one active poll a stream. Recorded acts, from the outbox."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class PollCreated(Event, frozen=True, kw_only=True, tag="poll.created"):
    """A poll is open; `choices` are numbered from 1 in their order, `viewers` were watching. The actor opened it."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    poll_id: UUID
    handle: str
    question: str
    choices: tuple[str, ...]
    ends_at: datetime
    viewers: int = 0


class PollVoted(Event, frozen=True, kw_only=True, tag="poll.voted"):
    """Somebody's one and final vote; `choice_id` counts from 1."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    poll_id: UUID
    choice_id: int


class PollEnded(Event, frozen=True, kw_only=True, tag="poll.ended"):
    """A poll is over: `completed` at its time, `terminated` before. `votes` are by choice, in their order.

    `winner` is the number of the leading choice, None after a tie or without votes; the actor is whoever ended it.
    Turnout is `voters / viewers`, `viewers` being those who watched when it opened.
    """

    topic: ClassVar[Topic] = topics.LIFECYCLE
    poll_id: UUID
    state: Literal["completed", "terminated"]
    question: str
    choices: tuple[str, ...]
    votes: tuple[int, ...]
    voters: int
    winner: int | None = None
    tie: bool = False
    viewers: int = 0
