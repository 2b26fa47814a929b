"""The table of transitions allows what the specification allows, and nothing else."""

from domain.streams.model import TRANSITIONS
from livestreamx.events import tag_of

LEGAL = {("scheduled", "live"), ("scheduled", "cancelled"), ("live", "ended"), ("ended", "archived")}


def test_exactly_the_legal_transitions_exist() -> None:
    assert {(transition.source, transition.target) for transition in TRANSITIONS.values()} == LEGAL


def test_each_transition_tells_of_it() -> None:
    events = {act: tag_of(transition.event) for act, transition in TRANSITIONS.items()}
    assert events == {
        "start": "stream.started",
        "end": "stream.ended",
        "archive": "stream.archived",
        "cancel": "stream.cancelled",
    }
