"""The ladder: a model's list, what is trending without one; versions swap whole, and rules hold on every rung."""

from pathlib import Path
from uuid import UUID

import msgspec
import numpy as np
import pytest

from features.affinity import BondTable
from features.signals import SIGNALS
from ranking.artifacts import ArtifactError, load
from ranking.board import Board, LiveStream, Viewer
from ranking.serving import TRENDING, ModelSlot, Snapshot, recommend
from tests.unit.ranking.worlds import make_trees, save_model

NOW = 1_000_000.0


def person(number: int) -> UUID:
    return UUID(int=number)


def stream(
    number: int, *, viewers: int = 0, mature: bool = False, acts: int = 0, started: float = NOW - 7200
) -> LiveStream:
    return LiveStream(
        id=UUID(int=1000 + number),
        creator_id=person(number),
        creator=f"live_{number}",
        title="",
        category=f"category {number}",
        tags=(),
        language="en",
        mature=mature,
        started=started,
        viewers=viewers,
        acts=acts,
    )


def viewer(number: int = 99, habits: dict[int, float] | None = None, follows: tuple[int, ...] = ()) -> Viewer:
    watched = habits or {}
    table, rows = BondTable(len(watched)), np.arange(len(watched), dtype=np.int32)
    if watched:
        came = np.full(len(watched), NOW - 7200)
        table.arrive(rows, came)
        table.leave(rows, came + 3600, came + 3600, np.array(list(watched.values())))
    return Viewer(
        id=person(number),
        creators=tuple(str(person(creator)) for creator in watched),
        bonds=table.seen_at(rows, NOW),
        follows=frozenset(str(person(creator)) for creator in follows),
    )


def ids(answer: object) -> list[int]:
    return [item.stream.id.int - 1000 for item in answer.items]  # type: ignore[attr-defined]


@pytest.fixture(name="models")
def folder_with_a_model(tmp_path: Path) -> tuple[Path, str]:
    return tmp_path, save_model(tmp_path, [str(person(number)) for number in range(400)])


def test_without_a_model_the_busiest_come_first() -> None:
    board = Board.of((stream(0, viewers=2), stream(1, viewers=50), stream(2, viewers=50, acts=30)), NOW)
    answer = recommend(Snapshot.of(None, board), None, 10, np.random.default_rng(0))
    assert (answer.model_version, answer.rung, ids(answer)) == (TRENDING, TRENDING, [2, 1, 0])
    assert all(item.source == TRENDING and item.reasons and 0 <= item.score <= 1 for item in answer.items)


def test_without_a_model_what_one_watched_and_follows_comes_first() -> None:
    board = Board.of((stream(0, viewers=500), stream(1), stream(2)), NOW)
    table = BondTable(1)
    table.arrive(np.zeros(1, np.int32), np.array([NOW - 60]))
    bonds = table.seen_at(slice(None), NOW)
    fan = Viewer(id=person(9), creators=(str(person(1)),), bonds=bonds, follows={str(person(2))})
    answer = recommend(Snapshot.of(None, board), fan, 10, np.random.default_rng(0))
    assert answer.rung == TRENDING
    assert {item.source for item in answer.items} == {"repeat", "followed", "trending"}
    told = {item.source: (item.reasons[0], item.stream.id) for item in answer.items}
    assert told["repeat"] == (f"You watched {board.streams[1].creator}", board.streams[1].id)
    assert told["followed"] == (f"You follow {board.streams[2].creator}", board.streams[2].id)
    banned = msgspec.structs.replace(fan, banned_by={str(person(1))})
    assert 1 not in ids(recommend(Snapshot.of(None, board), banned, 10, np.random.default_rng(0)))


@pytest.mark.parametrize("rung", ["model", "trending"])
def test_on_every_rung_nothing_mature_for_the_anonymous_and_never_ones_own(models: tuple[Path, str], rung: str) -> None:
    model = load(*models) if rung == "model" else None
    board = Board.of((stream(0, viewers=9, mature=True), stream(1, viewers=3), stream(2)), NOW)
    snapshot, draw = Snapshot.of(model, board), np.random.default_rng(0)
    assert set(ids(recommend(snapshot, None, 10, draw))) == {1, 2}
    assert set(ids(recommend(snapshot, viewer(1), 10, draw))) == {0, 2}
    assert len(recommend(snapshot, viewer(), 1, draw).items) == 1


@pytest.mark.parametrize("rung", ["model", "trending"])
@pytest.mark.parametrize("who", [None, viewer(habits={0: 90.0})])
def test_what_was_withdrawn_since_the_look_is_not_shown(
    models: tuple[Path, str], rung: str, who: Viewer | None
) -> None:
    """A stream that ended; one that ended before its creator began the one on the board does not count."""
    model = load(*models) if rung == "model" else None
    snapshot = Snapshot.of(model, Board.of((stream(0, viewers=9), stream(1, viewers=3), stream(2)), NOW))
    gone = {stream(0).id: str(person(0)), UUID(int=77): str(person(1)), UUID(int=78): str(person(500))}
    assert set(ids(recommend(snapshot, who, 10, np.random.default_rng(0), gone))) == {1, 2}


@pytest.mark.parametrize("rung", ["model", "trending"])
def test_nobody_live_is_an_empty_list(models: tuple[Path, str], rung: str) -> None:
    model = load(*models) if rung == "model" else None
    answer = recommend(Snapshot.of(model, Board.of((), NOW)), viewer(), 10, np.random.default_rng(0))
    assert answer.items == ()
    assert answer.model_version == (model.version if model else TRENDING)


@pytest.mark.parametrize("newcomer", [None, viewer()])
def test_a_newcomer_gets_the_busiest_from_a_model_too(models: tuple[Path, str], newcomer: Viewer | None) -> None:
    board = Board.of(tuple(stream(number, viewers=3**number) for number in range(8)), NOW)
    answer = recommend(Snapshot.of(load(*models), board), newcomer, 8, np.random.default_rng(0))
    assert answer.model_version == models[1]
    assert answer.rung == TRENDING
    assert ids(answer)[:2] == [7, 6]
    assert answer.items[0].score > answer.items[1].score
    assert answer.items[0].source == TRENDING


def test_habits_and_follows_come_first_and_say_so(models: tuple[Path, str]) -> None:
    board = Board.of(tuple(stream(number, viewers=number % 7) for number in range(40)), NOW)
    me = viewer(habits={5: 300.0}, follows=(8,))
    answer = recommend(Snapshot.of(load(*models), board), me, 10, np.random.default_rng(0))
    assert answer.model_version == models[1]
    assert ids(answer)[0] == 5
    assert answer.items[0].source == "repeat"
    assert answer.items[0].reasons[0] == "You often watch live_5"
    followed = next(item for item in answer.items if item.stream.creator == "live_8")
    assert "You follow live_8" in followed.reasons


def test_among_many_the_known_the_near_and_the_new_are_candidates(models: tuple[Path, str]) -> None:
    """More streams than are scored: the habit is found although nobody else watches it."""
    streams = tuple(stream(number, viewers=1 + number % 50) for number in range(399))
    unknown = stream(500, started=NOW - 5)
    board = Board.of((*streams, unknown, stream(399)), NOW)
    answer = recommend(Snapshot.of(load(*models), board), viewer(habits={399: 500.0}), 10, np.random.default_rng(1))
    assert ids(answer)[0] == 399
    assert len(set(ids(answer))) == 10


def test_a_stream_of_an_unknown_creator_can_be_recommended(models: tuple[Path, str]) -> None:
    board = Board.of((stream(9000, viewers=4), stream(9001, started=NOW)), NOW)
    answer = recommend(Snapshot.of(load(*models), board), viewer(habits={3: 20}), 10, np.random.default_rng(1))
    assert set(ids(answer)) == {9000, 9001}
    assert all(np.isfinite(item.score) for item in answer.items)


def test_a_slot_takes_a_new_version_and_keeps_the_old_one_when_it_is_torn(models: tuple[Path, str]) -> None:
    folder, first = models
    slot = ModelSlot(folder)
    assert slot.wants(first, 0.0)
    assert not slot.wants(None, 0.0)
    slot.hold(slot.read(first, 0.0))
    assert slot.model is not None
    assert not slot.wants(first, 0.0)
    second = save_model(folder, [str(person(1))])
    (folder / second / "text.npy").write_bytes(b"torn")
    with pytest.raises(ArtifactError):
        slot.read(second, 10.0)
    assert slot.model.version == first
    assert not slot.wants(second, 20.0)
    assert slot.wants(second, 41.0)


def test_a_snapshot_in_use_is_not_touched_by_a_swap(models: tuple[Path, str]) -> None:
    folder, first = models
    slot = ModelSlot(folder)
    slot.hold(slot.read(first, 0.0))
    board = Board.of((stream(0), stream(1)), NOW)
    held = Snapshot.of(slot.model, board)
    slot.hold(slot.read(save_model(folder, [str(person(1))]), 1.0))
    assert recommend(held, None, 2, np.random.default_rng(0)).model_version == first
    assert Snapshot.of(slot.model, board).model is not held.model


def test_the_ranker_answers_where_there_is_one_and_factors_below_it(tmp_path: Path) -> None:
    """Trees that like experience, which is the same for all, leave the order to chance: only the rung is looked at."""
    creators = [str(person(number)) for number in range(50)]
    signals = np.random.default_rng(1).random((300, len(SIGNALS))).astype(np.float32)
    board = Board.of(tuple(stream(number, viewers=number) for number in range(50)), NOW)
    me, draw = viewer(habits={5: 300.0}), np.random.default_rng(0)
    ranked = recommend(
        Snapshot.of(load(tmp_path, save_model(tmp_path, creators, trees=make_trees(signals))), board), me, 10, draw
    )
    assert (ranked.rung, len(ranked.items)) == ("ranker", 10)
    below = recommend(Snapshot.of(load(tmp_path, save_model(tmp_path, creators)), board), me, 10, draw)
    assert (below.rung, ids(below)[0]) == ("factors", 5)
