"""Where a flow begins to read a partition, by what it stood at and what the log has."""

import pytest

from pipelines.sources import Position, Start, start_of


@pytest.mark.parametrize(
    ("at", "start", "replays"),
    [
        (None, Start(10), False),
        (Position(40), Start(40, 40), False),
        (Position(100), Start(100, 100), False),
        (Position(40, since=30), Start(30, 40), True),
        (Position(40, since=40), Start(40, 40), False),
        (Position(40, since=50), Start(40, 40), False),
        (Position(101, since=90), Start(10, 101, lost=True), False),
    ],
    ids=["nowhere yet", "in the log", "at its end", "to rebuild", "nothing to rebuild", "ahead of itself", "made anew"],
)
def test_a_flow_begins_where_its_results_end(at: Position | None, start: Start, replays: bool) -> None:
    found = start_of(at, 10, 100)
    assert (found, found.replays) == (start, replays)
