"""A recommender put to the test on a history: learn on earlier weeks, then answer the questions of the last one.

Every fit and every signal knows only what came before; the split is by time, never by person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from features import affinity, trend
from features.history import History
from ranking import baselines
from ranking.fitting import Known, fit_knowledge
from ranking.guard import keep_habits
from ranking.metrics import Tally
from ranking.offers import Offers
from ranking.questions import Question, ask, choose_visits
from ranking.ranker import FEWEST, Lesson, fit_ranker, lesson_of
from ranking.shortlist import order_all
from ranking.trees import Trees

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

WEEK = 7 * 86400.0
SHARE = 1 / 6
"""A period is a week, or this share of a history that is shorter than six."""
MOST_PERIODS = 3
MOST_LESSONS, MOST_QUESTIONS = 30_000, 20_000
OURS: Final = "ranker"
FACTORS: Final = "factors"

Told = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and of how much."""


class TooLittleHistory(ValueError):
    """There is not enough to learn from; the message says what there is and what is needed."""


class Period(msgspec.Struct, frozen=True):
    """[since, until), seconds since the epoch."""

    since: float
    until: float


class Plan(msgspec.Struct, frozen=True):
    """The ranker learns from the questions of `learn`, each period with models fitted at its beginning."""

    learn: tuple[Period, ...]
    test: Period


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried on what; `text` [streams, d] is what each stream says of itself, `offers` begins anew each time."""

    history: History
    offers: Callable[[], Offers]
    text: Matrix
    plan: Plan
    seed: int = 0
    threads: int = 1


class Rival(Protocol):
    """Another recommender that answers the same questions."""

    name: str

    def score(self, question: Question) -> Floats:
        """A score for every live stream of the question."""
        ...


def plan_of(history: History, period: float | None = None) -> Plan:
    """The last period for the test, up to three before it to learn from, and at least as much before those.

    `TooLittleHistory` when the visits do not span enough time.
    """
    start = history.watches.start
    if len(start) < FEWEST or start[-1] <= start[0]:
        raise TooLittleHistory(
            f"not enough history: {len(start)} visits over {_days(start)}, at least {FEWEST} over some time are needed"
        )
    until = float(np.nextafter(start[-1], np.inf))
    length = period or min(WEEK, (until - float(start[0])) * SHARE)
    test = Period(until - length, until)
    room = int((test.since - float(start[0])) / length - 0.99)
    if room < 1:
        raise TooLittleHistory(
            f"not enough history: {_days(start)} of visits are too few for periods of {length / 86400:.1f} days, "
            "three are needed at least"
        )
    learn = [Period(test.since - (k + 1) * length, test.since - k * length) for k in range(min(room, MOST_PERIODS))]
    return Plan(tuple(reversed(learn)), test)


def learn_lessons(trial: Trial, told: Told) -> list[Lesson]:
    """What the questions of all learning periods teach, in order of time."""
    draw = np.random.default_rng(trial.seed)
    periods = trial.plan.learn
    taught = (
        lesson_of(question, draw)
        for number, period in enumerate(periods, 1)
        for question in questions_of(
            trial, period, MOST_LESSONS // len(periods), f"learning period {number} of {len(periods)}", told
        )[1]
    )
    return [lesson for lesson in taught if lesson is not None]


def questions_of(trial: Trial, period: Period, most: int, title: str, told: Told) -> tuple[Floats, Iterator[Question]]:
    """How popular each channel was at the period's beginning, and its questions to models fitted there."""
    history = trial.history
    visits = choose_visits(history, since=period.since, until=period.until, most=most, seed=trial.seed)
    told(f"{title}: fitting", 0, len(visits))
    known = Known(history, period.since)
    knowledge = fit_knowledge(history, known, trial.text)
    asked = ask(history, trial.offers(), knowledge, trial.text, heard(visits, title, told))
    return known.popularity, asked


def heard(visits: NDArray[np.intp], title: str, told: Told) -> Iterator[int]:
    """The visits one by one, told of now and then."""
    every = max(1, len(visits) // 100)
    for done, visit in enumerate(visits.tolist()):
        if done % every == 0:
            told(title, done, len(visits))
        yield visit
    told(title, len(visits), len(visits))


class Onlooker(Protocol):
    """Sees every question of a test with the scores that one ranking gave."""

    def see(self, question: Question, scores: Floats) -> None: ...


def examine(
    trial: Trial,
    ranker: Trees | None,
    told: Told,
    rivals: Sequence[Rival] = (),
    observed: Mapping[str, Onlooker] = MappingProxyType({}),
) -> Tally:
    """The places that every ranking gives to what was chosen in the test period; `observed` see theirs."""
    popularity, asked = questions_of(trial, trial.plan.test, MOST_QUESTIONS, "test period", told)
    tally = Tally()
    seasoned = seasoned_viewers(trial)
    for question in asked:
        scene = question.scene
        scores = baselines.all_of(scene, popularity[question.creators])
        scores |= {rival.name: rival.score(question) for rival in rivals}
        scores[FACTORS] = baselines.by_factors(scene)
        if ranker is not None:
            scores[OURS] = ranked(question, ranker)
        for name in observed.keys() & scores.keys():
            observed[name].see(question, scores[name])
        tally.add(scores, question.target, question.creators, cohorts_of(question, seasoned))
    return tally


def ranked(question: Question, ranker: Trees) -> Floats:
    """The ranker's score of every live stream, shape [n]."""
    scene, listed = question.scene, question.listed
    return order_all(scene, listed, keep_habits(scene, listed, ranker.predict(question.signals)))


class Seasoned(msgspec.Struct, frozen=True):
    """How many visits each viewer had made before the test, and the median of those who had made any."""

    visits: Floats
    median: float


def seasoned_viewers(trial: Trial) -> Seasoned:
    watches = trial.history.watches
    before = watches.user[watches.start < trial.plan.test.since]
    visits = np.bincount(before, minlength=len(trial.history.users)).astype(np.float64)
    return Seasoned(visits, float(np.median(visits[visits > 0])) if visits.any() else 0.0)


def cohorts_of(question: Question, seasoned: Seasoned) -> dict[str, bool]:
    """Which cohorts a question belongs to, as things stood before it."""
    scene, visits = question.scene, seasoned.visits[question.user]
    bond, target = scene.bond[question.target], question.target
    known = bool(bond >= 0 and scene.bonds.sums[bond, affinity.VISITS] > 0)
    return {
        "new viewers": visits == 0,
        "returning viewers": visits > 0,
        "light viewers": 0 < visits <= seasoned.median,
        "heavy viewers": visits > seasoned.median,
        "known channels": known,
        "new channels": not known,
        "channels nobody knew": not scene.trends.sums[target, trend.AUDIENCE],
    }


def teach(trial: Trial, told: Told) -> bytes | None:
    """The trees, or none when there are too few questions to learn from."""
    lessons = learn_lessons(trial, told)
    if len(lessons) < FEWEST:
        return None
    return fit_ranker(
        lessons, threads=trial.threads, seed=trial.seed, told=lambda done, of: told("fitting the ranker", done, of)
    )


def _days(start: Floats) -> str:
    return f"{(float(start[-1] - start[0]) if len(start) else 0.0) / 86400:.1f} days"
