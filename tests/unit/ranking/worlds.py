"""Small histories and models made by hand, so that the right answer is known beforehand."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.history import Follows, Gifts, History, Streams, Watches
from ranking import artifacts
from ranking.collaborative import CreatorFactors
from ranking.index import VectorIndex
from ranking.neighbours import Neighbours
from ranking.report import Report
from ranking.taste import Knowledge
from ranking.trial import FACTORS, OURS, Period, Plan
from ranking.vocabulary import Vocabulary, unit

DAY = 86400.0


def make_history(
    *,
    until: float,
    creators: list[int],
    live: list[tuple[float, float]],
    watches: list[tuple[int, int, float, float]],
    gifts: list[tuple[int, int, float, float]] = (),  # type: ignore[assignment]
    follows: list[tuple[int, int, float, bool]] = (),  # type: ignore[assignment]
) -> History:
    """A history of streams (by creator, with start and end) and of rows made of plain tuples.

    watches: (viewer, stream, start, minutes); gifts: (viewer, creator, at, tokens); follows: (viewer, creator, at, on).
    """
    ordered = sorted(watches, key=lambda watch: watch[2])
    people = 1 + max([watch[0] for watch in watches] + [gift[0] for gift in gifts] + [row[0] for row in follows])
    count = max(creators) + 1
    return History(
        until=until,
        users=[f"user-{number}" for number in range(people)],
        creators=[f"creator-{number}" for number in range(count)],
        handles=[f"handle_{number}" for number in range(count)],
        streams=Streams(
            ids=[f"stream-{number}" for number in range(len(creators))],
            creator=np.array(creators, np.int32),
            start=np.array([span[0] for span in live]),
            end=np.array([span[1] for span in live]),
            title=["a quiet evening"] * len(creators),
            category=[f"category {creator}" for creator in creators],
            tags=[("cozy",)] * len(creators),
        ),
        watches=Watches(
            user=np.array([watch[0] for watch in ordered], np.int32),
            stream=np.array([watch[1] for watch in ordered], np.int32),
            start=np.array([watch[2] for watch in ordered], np.float64),
            stop=np.array([watch[2] + watch[3] * 60 for watch in ordered], np.float64),
            minutes=np.array([watch[3] for watch in ordered], np.float64),
        ),
        gifts=Gifts(
            user=np.array([gift[0] for gift in gifts], np.int32),
            creator=np.array([gift[1] for gift in gifts], np.int32),
            at=np.array([gift[2] for gift in gifts], np.float64),
            tokens=np.array([gift[3] for gift in gifts], np.float64),
        ),
        follows=Follows(
            user=np.array([row[0] for row in follows], np.int32),
            creator=np.array([row[1] for row in follows], np.int32),
            at=np.array([row[2] for row in follows], np.float64),
            added=np.array([row[3] for row in follows], np.bool_),
        ),
    )


def make_report(*, ndcg: float = 0.6, popularity: float = 0.3, questions: int = 50, rung: str = FACTORS) -> Report:
    def row(value: float) -> dict[str, float]:
        return {"precision@10": 0.1, "recall@10": 0.9, "ndcg@10": value, "hr@10": 0.9, "coverage@10": 1.0}

    return Report(
        questions=questions,
        lessons=questions,
        plan=Plan((Period(0.0, 1.0),), Period(1.0, 2.0)),
        rung=rung,
        metrics={rung: row(ndcg), "popularity": row(popularity), "trending": row(0.0), "repeat": row(0.4)},
    )


def no_neighbours(count: int) -> Neighbours:
    return Neighbours(np.zeros(count + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


def save_model(
    folder: Path, creators: list[str], *, report: Report | None = None, until: float = 100.0, trees: bytes | None = None
) -> str:
    """A version whose creators have random but fixed vectors; each creator's own category is a known term."""
    draw = np.random.default_rng(7)
    factors = draw.normal(size=(len(creators), 8)).astype(np.float32)
    text = unit(draw.normal(size=(len(creators), 6)).astype(np.float32))
    neighbours = no_neighbours(len(creators))
    return artifacts.save(
        folder,
        source="livestreamx",
        until=until,
        creators=creators,
        handles=[f"handle_{number}" for number in range(len(creators))],
        knowledge=Knowledge(factors=CreatorFactors.of(factors), ease=neighbours, alike=neighbours, text=text),
        vocabulary=Vocabulary.of([f"category {number}" for number in range(len(creators))], text),
        index=VectorIndex.build(factors),
        trees=trees,
        report=report or make_report(rung=OURS if trees else FACTORS),
    )


def make_trees(rows: NDArray[np.float32]) -> bytes:
    """Trees for rows of that width that like a high first column."""
    import lightgbm

    data = lightgbm.Dataset(rows, rows[:, 0].copy(), params={"verbose": -1})
    return lightgbm.train({"verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}, data, 5).model_to_string().encode()


def returning_viewers(seed: int = 11, *, viewers: int = 60, channels: int = 24, days: int = 30) -> History:
    """Two camps, even channels and odd ones; each viewer comes back to three channels of theirs all month."""
    draw = np.random.default_rng(seed)
    watches = []
    for viewer in range(viewers):
        camp = np.arange(viewer % 2, channels, 2)
        mine = draw.choice(camp, 3, replace=False)
        for day in range(days):
            if draw.random() < 0.7:
                channel = draw.choice(mine) if draw.random() < 0.8 else draw.choice(camp)
                watches.append((viewer, int(channel), day * DAY + draw.random() * 80_000, 5 + draw.exponential(20)))
    return make_history(
        until=(days + 1) * DAY, creators=list(range(channels)), live=[(0.0, np.inf)] * channels, watches=watches
    )
