"""Learning finds what is there: habits where people return, camps where they share taste, and says when it cannot."""

import numpy as np
import pytest

from features.history import History
from ranking.collaborative import fit
from ranking.fitting import Known, creator_text, fit_knowledge
from ranking.learn import evaluate, learn_ranker, require_enough, trial_of
from ranking.neighbours import fit_alike, fit_ease
from ranking.trees import Trees
from ranking.trial import OURS, TooLittleHistory
from ranking.vocabulary import Vocabulary, condense
from tests.unit.ranking.worlds import DAY, make_history, returning_viewers


@pytest.fixture(name="faithful", scope="module")
def people_who_return() -> History:
    return returning_viewers()


@pytest.fixture(name="vocabulary", scope="module")
def two_camps_of_words(faithful: History) -> Vocabulary:
    terms = sorted(set(faithful.streams.category))
    return Vocabulary.of(terms, condense(np.random.default_rng(2).normal(size=(len(terms), 32)).astype(np.float32)))


def test_what_was_learned_beats_the_simplest_rankings(faithful: History, vocabulary: Vocabulary) -> None:
    trial = trial_of(faithful, vocabulary)
    trees, lessons = learn_ranker(trial)
    assert trees is not None
    report = evaluate(trial, trees, lessons)
    assert report.questions > 100
    assert report.gate.passed
    assert report.metrics[OURS]["ndcg@10"] > 1.5 * report.metrics["popularity"]["ndcg@10"]
    assert report.own["ndcg@10"] >= report.metrics["repeat"]["ndcg@10"]
    assert report.cohorts["known channels"].questions + report.cohorts["new channels"].questions == report.questions
    assert len(report.examples) == 8
    assert sum(each.count for each in report.calibration) == 10 * report.questions


def test_the_same_seed_learns_the_same_trees(faithful: History, vocabulary: Vocabulary) -> None:
    trial = trial_of(faithful, vocabulary)
    assert learn_ranker(trial) == learn_ranker(trial)


def test_every_model_knows_the_camps(faithful: History) -> None:
    known = Known(faithful, faithful.until)
    learned = fit_knowledge(faithful, known, np.zeros((len(faithful.streams.ids), 0), np.float32))
    rows, strengths = np.array([0, 2], np.int32), np.array([3.0, 3.0])
    liking = learned.factors.vectors @ learned.factors.fold_in(rows, strengths)
    for scores in (liking, learned.ease.scores(rows, strengths), learned.alike.scores(rows, strengths)):
        assert scores[4::2].mean() > scores[1::2].mean() + 1e-3


def test_folding_in_agrees_with_the_fit() -> None:
    draw = np.random.default_rng(4)
    bonds = np.unique(draw.integers(0, [40, 15], (300, 2)), axis=0).astype(np.int32)
    strengths = draw.random(len(bonds)) + 0.5
    factors = fit(bonds[:, 0], bonds[:, 1], strengths, (40, 15))
    held = bonds[:, 0] == 7
    own = factors.vectors @ factors.fold_in(bonds[held, 1], strengths[held])
    assert own[bonds[held, 1]].mean() > 0.8
    assert np.delete(own, bonds[held, 1]).mean() < 0.5


def test_ease_is_its_closed_form() -> None:
    draw = np.random.default_rng(8)
    dense = (draw.random((50, 6)) < 0.4).astype(np.float64)
    users, creators = (part.astype(np.int32) for part in np.nonzero(dense))
    inverse = np.linalg.inv(dense.T @ dense + 60 * np.eye(6))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    ease = fit_ease(users, creators, np.ones(len(users)), (50, 6))
    for row in range(6):
        found = ease.scores(np.array([row], np.int32), np.ones(1))
        assert found == pytest.approx(expected[row], abs=1e-6)


def test_nobody_and_nothing_are_neighbours_of_none() -> None:
    nobody = np.zeros(0, np.int32)
    for made in (fit_ease(nobody, nobody, np.zeros(0), (0, 3)), fit_alike(nobody, nobody, np.zeros(0), (0, 3))):
        assert made.fits
        assert made.scores(np.array([1], np.int32), np.ones(1)).tolist() == [0, 0, 0]
    assert not fit(nobody, nobody, np.zeros(0), (0, 3)).vectors.any()


def test_a_text_is_of_streams_begun_before(faithful: History) -> None:
    text = np.eye(len(faithful.streams.ids), dtype=np.float32)
    assert creator_text(faithful, text, 0.0).any() == np.False_
    assert np.array_equal(creator_text(faithful, text, 1.0), text)


def test_trees_answer_as_lightgbm_itself_does() -> None:
    import lightgbm

    draw = np.random.default_rng(3)
    rows = draw.normal(size=(500, 7)).astype(np.float32)
    data = lightgbm.Dataset(rows, rows[:, 0] * rows[:, 1], params={"verbose": -1})
    booster = lightgbm.train({"verbose": -1, "num_threads": 1}, data, 30)
    trees = Trees(booster.model_to_string().encode())
    assert np.array_equal(trees.predict(rows), booster.predict(rows, num_threads=1))
    assert len(trees.predict(rows[:0])) == 0
    with pytest.raises(ValueError, match="rows of 6 signals for trees of 7"):
        trees.predict(rows[:, :6])


def test_too_little_history_says_what_is_missing(faithful: History) -> None:
    require_enough(faithful)
    with pytest.raises(TooLittleHistory, match=r"not enough history .* of 60 visits .* of 5 viewers"):
        require_enough(faithful.before(DAY))
    at_once = make_history(
        until=DAY, creators=[0, 1, 2], live=[(0, DAY)] * 3, watches=[(row % 9, row % 3, 5.0, 3) for row in range(90)]
    )
    with pytest.raises(TooLittleHistory, match=r"over 0\.0 days"):
        require_enough(at_once)
