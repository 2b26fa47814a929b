"""What was recommended, and what was chosen of it."""

from typing import ClassVar

from livestreamx import topics
from livestreamx.events.envelope import Event
from livestreamx.topics import Topic


class RecommendationShown(Event, frozen=True, kw_only=True, tag="rec.impression"):
    """One stream was recommended to one viewer, at `position` (0 first)."""

    topic: ClassVar[Topic] = topics.DISCOVERY
    position: int
    source: str
    model_version: str


class RecommendationClicked(Event, frozen=True, kw_only=True, tag="rec.click"):
    """A recommended stream was opened."""

    topic: ClassVar[Topic] = topics.DISCOVERY
    position: int
    source: str
    model_version: str


class SearchQueried(Event, frozen=True, kw_only=True, tag="search.query"):
    """Somebody searched; `results` says how much was found, at most the limit asked for."""

    topic: ClassVar[Topic] = topics.DISCOVERY
    query: str
    results: int
