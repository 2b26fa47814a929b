"""What is live, changed row by row: a board of it, and what a model makes of that, are those of a fresh start."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from features import trend
from features.store import Activity
from ranking.artifacts import Model, load
from ranking.board import Board, LiveStream
from ranking.layout import Placed, place
from ranking.live import VIEWERS, LiveTable
from tests.unit.ranking.test_serving import NOW, person, stream
from tests.unit.ranking.worlds import save_model

CREATORS = 60


@pytest.fixture(name="model")
def a_model(tmp_path: Path) -> Model:
    return load(tmp_path, save_model(tmp_path, [str(person(number)) for number in range(CREATORS)]))


def by_stream(board: Board) -> dict[object, tuple[float, float, float, bool, int]]:
    """What a board says of each stream, whatever its row; the row of its creator must be its own."""
    assert [board.creators[str(one.creator_id)] for one in board.streams] == [*range(len(board.streams))]
    told = zip(board.viewers, board.channels.age, board.channels.trends.sums[:, trend.RUSH], board.mature, strict=True)
    return {one.id: (*numbers, one.acts) for one, numbers in zip(board.streams, told, strict=True)}


def made_of(placed: Placed) -> dict[object, tuple[object, ...]]:
    """What a model makes of each stream: its row, where its creator sits, its text, and what finds it again."""
    rows = range(len(placed.row))
    seats = placed.seats.position[placed.row]
    found = [placed.texts.nearest(placed.text[row], 1)[0] for row in rows]
    told = zip(placed.board.streams, placed.row.tolist(), seats.tolist(), placed.text, rows, found, strict=True)
    return {
        one.id: (known, known < 0 or seat == row, text.tobytes(), bool((placed.text[hit] == text).all()))
        for one, known, seat, text, row, hit in told
    }


def test_numbers_stay_with_their_stream_whatever_ends() -> None:
    table = LiveTable()
    table.keep(map(stream, range(100)))
    rows = [*range(100)]
    trends = np.zeros((100, trend.WIDTH))
    trends[:, 0], trends[:, 3 + trend.RUSH] = NOW, np.arange(100)
    table.note(NOW, rows, [Activity(row, 1) for row in rows], trends)
    for ended in (0, 50, 99, 50):
        table.drop(stream(ended).id)
    table.put(stream(7, mature=True))
    table.put(stream(200))
    told = by_stream(table.board(NOW))
    assert told.keys() == {stream(number).id for number in {*range(100), 200} - {0, 50, 99}}
    assert all(told[stream(number).id][0::2] == (number, number, 1) for number in (1, 49, 51, 98))
    assert told[stream(7).id] == (7, 7200.0, 7, True, 1)
    assert told[stream(200).id] == (0, 7200.0, 0, False, 0)
    assert table.column(VIEWERS).sum() == sum(range(100)) - 0 - 50 - 99


def test_a_board_does_not_change_with_what_comes_after_it() -> None:
    table = LiveTable()
    table.keep([stream(1), stream(2)])
    board = table.board(NOW)
    table.note(NOW, [0], [Activity(9, 9)], np.ones((1, trend.WIDTH)))
    table.drop(stream(2).id)
    assert board.viewers.tolist() == [0, 0]
    assert board.channels.trends.first.tolist() == [0, 0]
    assert [one.id for one in board.streams] == [stream(1).id, stream(2).id]
    table.keep([])
    assert not table.board(NOW).streams


def renamed(one: LiveStream) -> LiveStream:
    return msgspec.structs.replace(one, category="category 3")


def test_changes_are_placed_as_everything_anew_would_be(model: Model) -> None:
    table, draw = LiveTable(), np.random.default_rng(4)
    live = set(range(40))
    table.keep(map(stream, live))
    placed = place(table.board(NOW), model)
    for _ in range(30):
        ended, began, said = draw.choice([*live]), int(draw.integers(40, CREATORS + 20)), draw.choice([*live])
        live = (live - {int(ended)}) | {began}
        table.put(renamed(stream(int(said))))
        table.drop(stream(int(ended)).id)
        table.put(stream(began))
        board = table.board(NOW)
        placed = place(board, model, placed)
        anew = place(board, model)
        assert made_of(placed) == made_of(anew)
        assert np.allclose(placed.moments.products, anew.moments.products)
        assert placed.moments.count == anew.moments.count == len(live)
    assert {one.id for one in placed.board.streams} == {stream(number).id for number in live}


def test_nothing_is_placed_anew_where_only_numbers_changed(model: Model) -> None:
    table = LiveTable()
    table.keep(stream(number) for number in range(300))
    first = place(table.board(NOW), model)
    table.note(NOW, [5], [Activity(70, 3)], None)
    second = place(table.board(NOW + 1), model, first)
    assert second.board.viewers[5] == 70
    assert (second.factors, second.texts, second.moments) == (first.factors, first.texts, first.moments)


def test_trends_fade_from_look_to_look_as_what_is_stored_does() -> None:
    table, draw = LiveTable(), np.random.default_rng(5)
    table.keep(map(stream, range(3)))
    stored = draw.random((3, trend.WIDTH))
    stored[:, 0] = NOW - 100.0
    table.note(NOW, range(3), [Activity(0, 0)] * 3, stored)
    for second in range(1, 100):
        table.board(NOW + second)
    table.note(NOW + 100, [1], [Activity(0, 0)], stored[[1]])
    told, asked = table.board(NOW + 7200).channels.trends, trend.seen_at(stored, NOW + 7200)
    assert np.allclose(told.sums, asked.sums, rtol=1e-9)
    assert (told.first == asked.first).all()
    assert (told.last == asked.last).all()
