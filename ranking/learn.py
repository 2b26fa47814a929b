"""Fitting and judging a model on a history: factors, texts, the weights of the blend, the report.

The weights are a conditional logit (McFadden 1974): of all streams live then, the chosen ones should score highest.
"""

import numpy as np
from numpy.typing import NDArray

from features.affinity import MINIMUM_MINUTES, habits_of_all
from features.history import History
from ranking import evaluate
from ranking.blend import PRIOR, SIGNALS
from ranking.collaborative import CreatorFactors, fit, strength
from ranking.questions import Knowledge, Question, ask
from ranking.text import encode
from ranking.vocabulary import Vocabulary, condense, count_terms, unit

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

RIDGE = 2.0
"""How strongly the weights are held to the prior."""
NEEDED_VISITS, NEEDED_VIEWERS, NEEDED_CREATORS = 200, 20, 5


class TooLittleHistory(ValueError):
    """There is not enough to learn from; the message says what there is and what is needed."""


def require_enough(history: History) -> None:
    """`TooLittleHistory` unless there are visits, returning viewers and creators to learn from."""
    visits = history.watches.minutes >= MINIMUM_MINUTES
    per_viewer = np.bincount(history.watches.user[visits], minlength=1)
    found = {
        "visits of half a minute or more": (int(visits.sum()), NEEDED_VISITS),
        "viewers with two visits or more": (int((per_viewer >= 2).sum()), NEEDED_VIEWERS),
        "creators who were watched": (len(np.unique(history.watched_creator[visits])), NEEDED_CREATORS),
    }
    if any(there < needed for there, needed in found.values()):
        raise TooLittleHistory(
            "not enough history to train on: "
            + ", ".join(f"{there} of {needed} {what}" for what, (there, needed) in found.items())
        )


def fit_factors(history: History) -> CreatorFactors:
    """Collaborative factors from every bond between a viewer and a creator, faded to `history.until`."""
    bonds = [
        (user, creator, habit.minutes, habit.tokens)
        for user, mine in habits_of_all(history).items()
        for creator, habit in mine.items()
    ]
    users, creators, minutes, tokens = (
        np.asarray(column) for column in (zip(*bonds, strict=True) if bonds else [[]] * 4)
    )
    return fit(
        users.astype(np.int32),
        creators.astype(np.int32),
        strength(minutes.astype(np.float64), tokens.astype(np.float64)),
        (len(history.users), len(history.creators)),
    )


def learn_vocabulary(history: History) -> Vocabulary:
    """The terms that streams describe themselves with, embedded and condensed."""
    streams = history.streams
    terms = count_terms(zip(streams.title, streams.category, streams.tags, strict=True))
    return Vocabulary.of(terms, condense(encode(terms)))


def stream_text(history: History, vocabulary: Vocabulary) -> Matrix:
    """The text vector of each stream, shape [streams, d]."""
    streams = history.streams
    rows = [vocabulary.vector(*told) for told in zip(streams.title, streams.category, streams.tags, strict=True)]
    return np.stack(rows) if rows else np.zeros((0, vocabulary.dimensions), np.float32)


def creator_text(history: History, streams: Matrix) -> Matrix:
    """The text vector of each creator: the mean of their streams begun before `history.until`, shape [creators, d]."""
    begun = history.streams.start < history.until
    sums = np.zeros((len(history.creators), streams.shape[1]), np.float32)
    np.add.at(sums, history.streams.creator[begun], streams[begun])
    return unit(sums)


def learn_weights(questions: list[Question]) -> Floats:
    """The weights that make the chosen streams likeliest, shape [len(SIGNALS)]; close to the prior on little data."""
    from scipy.optimize import minimize

    if not questions:
        return PRIOR.copy()
    rows = np.concatenate([question.signals for question in questions])
    share = np.concatenate([question.relevant / question.relevant.sum() for question in questions])
    sizes = np.array([len(question.relevant) for question in questions])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def loss(weights: Floats) -> tuple[float, Floats]:
        utility = rows @ weights
        utility -= np.repeat(np.maximum.reduceat(utility, starts), sizes)
        risen = np.exp(utility)
        total = np.add.reduceat(risen, starts)
        missed = risen / np.repeat(total, sizes) - share
        away = weights - PRIOR
        value = float(-(share @ utility) + np.log(total).sum() + RIDGE * (away @ away))
        return value, rows.T @ missed + 2 * RIDGE * away

    positive = [(0.0, 20.0)] * len(SIGNALS)
    return np.asarray(minimize(loss, PRIOR, jac=True, method="L-BFGS-B", bounds=positive).x, np.float64)


def evaluate_on(questions: list[Question], weights: Floats) -> dict[str, dict[str, float]]:
    """`model`, `popularity` and `repeat` -> metric -> value, on the same questions."""
    tallies = {name: evaluate.Tally() for name in ("model", "popularity", "repeat")}
    for question in questions:
        scored = {"model": question.signals @ weights, "popularity": question.popularity, "repeat": question.repeat}
        for name, scores in scored.items():
            tallies[name].add(scores, question.relevant, question.creators)
    return {name: tally.metrics().named() for name, tally in tallies.items()}


def evaluate_history(history: History, vocabulary: Vocabulary, *, seed: int = 0) -> evaluate.Report:
    """Split in time, fit, learn the weights on the second part and measure on the third."""
    split = evaluate.temporal_split(history)
    streams = stream_text(history, vocabulary)
    asked: list[list[Question]] = []
    for since, until in ((split.learn, split.test), (split.test, history.until)):
        known = history.before(since)
        learned = Knowledge(fit_factors(known), creator_text(known, streams), streams)
        asked.append(ask(history, learned, since=since, until=until, seed=seed))
    weights = learn_weights(asked[0])
    return evaluate.Report(
        questions=len(asked[1]),
        learned_from=len(asked[0]),
        split=split,
        metrics=evaluate_on(asked[1], weights),
        weights=weights.tolist(),
    )
