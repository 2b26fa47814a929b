"""How long a recommendation takes once the model is at hand: candidates, score and diversity over many live streams.

`python -m bench.retrieval [--streams N] [--creators N] [--requests N]`; its peer scores every live stream with numpy.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np
from rich.console import Console
from rich.table import Table

from features.affinity import BondTable
from features.signals import SIGNALS, describe
from ranking.artifacts import Model, load, save
from ranking.board import Board, LiveStream, Viewer
from ranking.candidates import see
from ranking.collaborative import CreatorFactors
from ranking.index import VectorIndex
from ranking.layout import place
from ranking.neighbours import Neighbours
from ranking.ranker import Lesson, fit_ranker
from ranking.report import Report
from ranking.serving import Snapshot, recommend
from ranking.taste import Knowledge
from ranking.trial import OURS, Period, Plan
from ranking.vocabulary import Vocabulary, unit

CATEGORIES, FACTORS, DIRECTIONS, HABITS, NOW = 200, 64, 64, 30, 2_000_000.0


def make_model(folder: Path, creators: int, draw: np.random.Generator) -> Model:
    """A version of that size with random vectors, saved and loaded as a trained one."""
    return load(folder, make_version(folder, [str(UUID(int=number)) for number in range(creators)], draw))


def make_version(folder: Path, names: list[str], draw: np.random.Generator) -> str:
    """Save a version with random vectors of these creators."""
    creators = len(names)
    factors = (draw.normal(size=(creators, FACTORS)) / 8).astype(np.float32)
    text = unit(draw.normal(size=(creators, DIRECTIONS)).astype(np.float32))
    terms = unit(draw.normal(size=(CATEGORIES, DIRECTIONS)).astype(np.float32))
    plan = Plan((Period(0.0, 1.0),), Period(1.0, 2.0))
    report = Report(questions=0, lessons=0, plan=plan, rung=OURS, metrics={})
    lessons = [lesson(number, draw) for number in range(1000)]
    return save(
        folder,
        source="bench",
        until=NOW,
        creators=names,
        handles=[f"creator_{number}" for number in range(creators)],
        knowledge=Knowledge(
            factors=CreatorFactors.of(factors),
            ease=neighbours(creators, draw),
            alike=neighbours(creators, draw),
            text=text,
        ),
        vocabulary=Vocabulary.of([f"category {number}" for number in range(CATEGORIES)], terms),
        index=VectorIndex.build(factors),
        trees=fit_ranker(lessons),
        report=report,
    )


def lesson(number: int, draw: np.random.Generator) -> Lesson:
    """A choice by many signals and some chance, mostly of a channel that one has watched or follows.

    What is learned from such has about as many trees, of the same size, as what real visits teach.
    """
    rows = draw.random((50, len(SIGNALS))).astype(np.float32)
    told = [SIGNALS.index("visits"), SIGNALS.index("followed")]
    rows[:, told] = 0.0
    rows[0, told[number % 2]] = 1.0
    worth = np.cos(np.arange(len(SIGNALS)) * 2.4) * 2
    worth[told] = 8.0
    return Lesson(rows, int((np.sqrt(rows) @ worth + draw.gumbel(size=len(rows)) / 2).argmax()))


def neighbours(creators: int, draw: np.random.Generator, each: int = 50) -> Neighbours:
    """So many random neighbours for every creator."""
    columns = draw.integers(0, creators, creators * each).astype(np.int32)
    starts = np.arange(creators + 1, dtype=np.int64) * each
    return Neighbours(starts, columns, draw.random(len(columns)).astype(np.float32))


def make_board(streams: int, creators: int, draw: np.random.Generator) -> Board:
    """That many live streams of different creators."""
    return Board.of(
        tuple(
            LiveStream(
                id=UUID(int=10**9 + owner),
                creator_id=UUID(int=owner),
                creator=f"creator_{owner}",
                title="an evening with friends",
                category=f"category {owner % CATEGORIES}",
                tags=(),
                language="en",
                mature=False,
                started=NOW - float(draw.random()) * 20_000,
                viewers=int(draw.pareto(1.0) * 3),
            )
            for owner in draw.choice(creators, streams, replace=False).tolist()
        ),
        NOW,
    )


def make_viewers(count: int, creators: int, draw: np.random.Generator) -> list[Viewer]:
    """Viewers with thirty habits each."""
    table = BondTable(HABITS)
    table.arrive(np.arange(HABITS, dtype=np.int32), NOW - draw.random(HABITS) * 1e6)
    return [
        Viewer(
            id=UUID(int=2 * 10**9 + number),
            creators=tuple(str(UUID(int=owner)) for owner in draw.choice(creators, HABITS, replace=False).tolist()),
            bonds=table.seen_at(np.arange(HABITS, dtype=np.int32), NOW),
        )
        for number in range(count)
    ]


def every_stream(snapshot: Snapshot, viewer: Viewer) -> None:
    """The peer: no candidates, every live stream is scored."""
    assert snapshot.model is not None
    assert snapshot.placed is not None
    assert snapshot.model.trees is not None
    view, rows = (
        see(snapshot.placed, viewer),
        np.flatnonzero(snapshot.board.allowed(viewer)).astype(np.int32),
    )
    np.argpartition(-snapshot.model.trees.predict(describe(view.scene, rows)), 20)[:20]


def timed(act: Callable[[Viewer], object], viewers: list[Viewer]) -> list[float]:
    """How long each call took, ms."""
    taken = []
    for viewer in viewers:
        began = time.perf_counter()
        act(viewer)
        taken.append((time.perf_counter() - began) * 1e3)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=20_000)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    sizes = parser.parse_args()
    draw = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder), sizes.creators, draw)
    board = make_board(sizes.streams, sizes.creators, draw)
    began = time.perf_counter()
    place(board, model)
    placing = (time.perf_counter() - began) * 1e3
    snapshot, viewers = Snapshot.of(model, board), make_viewers(sizes.requests, sizes.creators, draw)
    table = Table(title=f"{sizes.streams} live streams, {sizes.creators} creators; one thread, ms")
    for column in ("way", "p50", "p95", "p99", "CPU a request"):
        table.add_column(column, justify="left" if column == "way" else "right")
    ways: dict[str, Callable[[Viewer], object]] = {
        "candidates, score, diversity": lambda viewer: recommend(snapshot, viewer, 20, draw),
        "every live stream scored (peer)": lambda viewer: every_stream(snapshot, viewer),
    }
    for name, act in ways.items():
        began = time.process_time()
        taken = np.percentile(timed(act, viewers), [50, 95, 99])
        cpu = (time.process_time() - began) / len(viewers) * 1e3
        table.add_row(name, *(f"{value:.2f}" for value in (*taken, cpu)))
    console = Console()
    console.print(table)
    console.print(f"laying the board out for a model, once a second at most: {placing:.0f} ms")


if __name__ == "__main__":
    main()
