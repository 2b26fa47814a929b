"""Learning from the platform's own history: whether there is enough, the words, the ranker and its report."""

import numpy as np
from numpy.typing import NDArray

from features.affinity import MINIMUM_MINUTES
from features.history import History
from ranking.baselines import by_factors
from ranking.fitting import stream_text
from ranking.offers import Schedule
from ranking.questions import Question
from ranking.ranker import FEWEST, fit_ranker
from ranking.report import SERVING, Observer, Report, report_of
from ranking.text import encode
from ranking.trees import Trees
from ranking.trial import FACTORS, OURS, Rival, Told, TooLittleHistory, Trial, examine, learn_lessons, plan_of, ranked
from ranking.vocabulary import Vocabulary, condense, count_terms

Floats = NDArray[np.float64]

NEEDED_VISITS, NEEDED_VIEWERS, NEEDED_CREATORS = FEWEST, 5, 3


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
    plan_of(history)


def learn_vocabulary(history: History) -> Vocabulary:
    """The terms that streams describe themselves with, embedded and condensed."""
    streams = history.streams
    terms = count_terms(zip(streams.title, streams.category, streams.tags, strict=True))
    return Vocabulary.of(terms, condense(encode(terms)))


def trial_of(history: History, vocabulary: Vocabulary, *, seed: int = 0) -> Trial:
    """The platform's own streams and visits, put to the test."""
    return Trial(
        history=history,
        offers=lambda: Schedule(history),
        text=stream_text(history, vocabulary),
        plan=plan_of(history),
        seed=seed,
    )


def unheard(what: str, done: int, of: int) -> None:
    """Tell nobody."""


def learn_ranker(trial: Trial, told: Told = unheard) -> tuple[bytes | None, int]:
    """The trees, none with too few questions, and how many questions they learned from."""
    lessons = learn_lessons(trial, told)
    if len(lessons) < FEWEST:
        return None, len(lessons)
    return fit_ranker(lessons, threads=trial.threads, seed=trial.seed), len(lessons)


class Serving(Rival):
    """What serves now, as a rival: its trees, or factors where it has none."""

    name = SERVING

    def __init__(self, trees: Trees | None) -> None:
        self._trees = trees

    def score(self, question: Question) -> Floats:
        """The score of each live stream, shape [n]."""
        if self._trees is None:
            return by_factors(question.scene)
        return ranked(question, self._trees)


def evaluate(
    trial: Trial, trees: bytes | None, lessons: int, told: Told = unheard, *, serving: Serving | None = None
) -> Report:
    """How all rankings did in the test period, beside what serves now where there is such a version."""
    observed = {name: Observer(trial.history, trial.seed) for name in (OURS, FACTORS)}
    rivals = [serving] if serving else []
    tally = examine(trial, Trees(trees) if trees else None, told, rivals, observed)
    return report_of(tally, lessons, trial.plan, observed)
