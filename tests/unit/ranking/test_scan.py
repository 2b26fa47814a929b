"""What a search finds without scoring everything is what scoring everything would have told."""

import numpy as np
import pytest

from features.likings import FOREMOST, Scored, two_highest
from ranking.index import VectorIndex
from ranking.scan import Moments, Searched, SearchedAndCompared

ROWS, WIDTH = 2000, 16


@pytest.mark.parametrize("seed", range(5))
def test_a_search_tells_what_all_scores_tell(seed: int) -> None:
    draw = np.random.default_rng(seed)
    vectors, query = draw.normal(size=(ROWS, WIDTH)).astype(np.float32), draw.normal(size=WIDTH).astype(np.float32)
    rows = draw.permutation(ROWS + 300)[:ROWS].astype(np.int32)
    rows[rows >= ROWS] = -1
    seen = np.where((rows >= 0)[:, None], vectors[rows], 0.0).astype(np.float32)
    searched = SearchedAndCompared(
        query=query,
        index=VectorIndex.build(vectors).only(rows),
        vectors=vectors,
        rows=rows,
        moments=Moments.of(seen),
    )
    whole = Scored((seen @ query).astype(np.float64))
    assert np.allclose(searched.at(slice(None)), whole.scores, atol=1e-5)
    assert len(searched.foremost) == len(whole.foremost) == FOREMOST
    assert searched.foremost[:50].tolist() == whole.foremost[:50].tolist()
    assert searched.two_highest == pytest.approx(whole.two_highest, rel=1e-5)
    assert (searched.mean, searched.spread) == pytest.approx((whole.mean, whole.spread), rel=1e-4)


def test_who_has_no_taste_is_told_of_nothing() -> None:
    vectors = np.ones((5, 3), np.float32)
    searched = Searched(query=np.zeros(3, np.float32), index=VectorIndex.build(vectors), vectors=vectors)
    assert searched.foremost.tolist() == []
    assert searched.at(np.array([1, 4], np.int32)).tolist() == [0.0, 0.0]


def test_moments_move_with_what_comes_and_goes() -> None:
    draw = np.random.default_rng(9)
    rows = draw.normal(size=(ROWS, WIDTH)).astype(np.float32)
    moved = Moments.of(rows[:1500]).changed(gone=rows[:100], new=rows[1500:])
    query = draw.normal(size=WIDTH).astype(np.float32)
    scores = (rows[100:] @ query).astype(np.float64)
    assert moved.count == len(scores)
    assert (moved.mean(query), moved.spread(query)) == pytest.approx((scores.mean(), scores.std()), rel=1e-4)


@pytest.mark.parametrize(
    ("scores", "highest"),
    [([], (0, 0)), ([3], (3, 0)), ([-3, -1], (-1, -3)), ([0, 5, 0], (5, 0)), ([2, 2, 1], (2, 2))],
)
def test_the_two_highest(scores: list[float], highest: tuple[float, float]) -> None:
    assert two_highest(np.array(scores, np.float64)) == highest
    assert Scored(np.array(scores, np.float64)).two_highest == highest
