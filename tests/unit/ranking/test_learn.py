"""Learning finds what is there: habits where people return, taste where they share it, and says when it cannot."""

import numpy as np
import pytest

from features.history import History
from ranking.blend import PRIOR, SIGNALS
from ranking.collaborative import fit, strength
from ranking.learn import (
    TooLittleHistory,
    creator_text,
    evaluate_history,
    fit_factors,
    learn_weights,
    require_enough,
    stream_text,
)
from ranking.questions import Knowledge, Question, ask
from ranking.vocabulary import Vocabulary, condense
from tests.unit.ranking.worlds import DAY, make_history

CHANNELS = 24


@pytest.fixture(name="faithful", scope="module")
def people_who_return() -> History:
    """60 viewers in two camps: even channels and odd ones; each comes back to three channels all month."""
    draw = np.random.default_rng(11)
    watches = []
    for viewer in range(60):
        camp = np.arange(viewer % 2, CHANNELS, 2)
        mine = draw.choice(camp, 3, replace=False)
        for day in range(30):
            if draw.random() < 0.7:
                channel = draw.choice(mine) if draw.random() < 0.8 else draw.choice(camp)
                watches.append((viewer, int(channel), day * DAY + draw.random() * 80_000, 5 + draw.exponential(20)))
    return make_history(
        until=31 * DAY, creators=list(range(CHANNELS)), live=[(0.0, np.inf)] * CHANNELS, watches=watches
    )


@pytest.fixture(name="vocabulary", scope="module")
def two_camps_of_words(faithful: History) -> Vocabulary:
    terms = sorted(set(faithful.streams.category))
    return Vocabulary.of(terms, condense(np.random.default_rng(2).normal(size=(len(terms), 32)).astype(np.float32)))


def test_the_model_beats_popularity_where_people_return(faithful: History, vocabulary: Vocabulary) -> None:
    report = evaluate_history(faithful, vocabulary)
    assert report.questions > 100
    assert report.gate.passed
    assert report.metrics["model"]["ndcg@10"] > 1.5 * report.metrics["popularity"]["ndcg@10"]
    assert report.metrics["model"]["ndcg@10"] >= report.metrics["repeat"]["ndcg@10"]
    assert min(report.weights) >= 0


def test_factors_know_the_camps(faithful: History) -> None:
    factors = fit_factors(faithful)
    newcomer = factors.fold_in(np.array([0, 2], np.int32), strength(np.array([60.0, 60.0]), np.zeros(2)))
    liking = factors.vectors @ newcomer
    assert liking[4::2].mean() > liking[1::2].mean() + 0.1


def test_folding_in_agrees_with_the_fit() -> None:
    draw = np.random.default_rng(4)
    bonds = np.unique(draw.integers(0, [40, 15], (300, 2)), axis=0).astype(np.int32)
    strengths = draw.random(len(bonds)) + 0.5
    factors = fit(bonds[:, 0], bonds[:, 1], strengths, (40, 15))
    held = bonds[:, 0] == 7
    own = factors.vectors @ factors.fold_in(bonds[held, 1], strengths[held])
    assert own[bonds[held, 1]].mean() > 0.8
    assert np.delete(own, bonds[held, 1]).mean() < 0.5


def test_a_creator_nobody_watched_has_no_factor() -> None:
    factors = fit(np.array([0, 1], np.int32), np.array([0, 0], np.int32), np.ones(2), (2, 3))
    assert not factors.vectors[1:].any()
    assert not factors.fold_in(np.zeros(0, np.int32), np.zeros(0)).any()


def test_questions_know_nothing_of_their_answers(faithful: History, vocabulary: Vocabulary) -> None:
    """Cutting off everything after the last question's instant leaves all signals as they were."""
    since, until = 20 * DAY, 21 * DAY
    streams, known = stream_text(faithful, vocabulary), faithful.before(since)
    learned = Knowledge(fit_factors(known), creator_text(known, streams), streams)
    asked = ask(faithful, learned, since=since, until=until, seed=0)
    blind = make_blind(faithful, until)
    again = ask(blind, learned, since=since, until=until, seed=0)
    assert len(asked) == len(again) > 20
    for one, other in zip(asked, again, strict=True):
        assert np.array_equal(one.signals, other.signals)
        assert np.array_equal(one.popularity, other.popularity)


def make_blind(history: History, until: float) -> History:
    """The history with every visit begun after `until` moved to another channel."""
    streams = history.watches.stream.copy()
    later = history.watches.start >= until
    streams[later] = (streams[later] + 5) % CHANNELS
    watches = type(history.watches)(
        **{name: getattr(history.watches, name) for name in history.watches.__struct_fields__ if name != "stream"},
        stream=streams,
    )
    return type(history)(
        **{name: getattr(history, name) for name in history.__struct_fields__ if name != "watches"}, watches=watches
    )


def test_the_weights_find_the_signal_that_decides() -> None:
    draw = np.random.default_rng(9)
    questions = []
    for _ in range(400):
        told = draw.random((12, len(SIGNALS)))
        relevant = np.zeros(12, np.bool_)
        relevant[told[:, SIGNALS.index("text")].argmax()] = True
        questions.append(
            Question(
                signals=told,
                relevant=relevant,
                creators=np.arange(12, dtype=np.int32),
                popularity=told[:, 0],
                repeat=told[:, 0],
            )
        )
    weights = learn_weights(questions)
    assert weights.argmax() == SIGNALS.index("text")
    assert weights[SIGNALS.index("text")] > 5
    assert np.delete(weights, SIGNALS.index("text")).max() < 2


def test_without_questions_the_prior_stays() -> None:
    assert np.array_equal(learn_weights([]), PRIOR)


def test_too_little_history_says_what_is_missing(faithful: History) -> None:
    require_enough(faithful)
    with pytest.raises(TooLittleHistory, match=r"not enough history .* of 200 visits .* of 20 viewers"):
        require_enough(faithful.before(DAY))
