"""What people want not to be known of them. Recorded acts, from the outbox; a record's key is the person."""

from typing import ClassVar

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class HistoryDeleted(Event, frozen=True, kw_only=True, tag="history.deleted"):
    """A viewer deleted what they had watched: what lies before this moment makes no recommendation any more."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    opted_out: bool = False
    """Whether they had opted out, which stays so."""


class RecommendationsChosen(Event, frozen=True, kw_only=True, tag="recommendations.chosen"):
    """A viewer opted out of recommendations made for them, or in again: then nothing before this moment counts."""

    topic: ClassVar[Topic] = topics.LIFECYCLE
    opt_out: bool
