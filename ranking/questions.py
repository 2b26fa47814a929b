"""Questions as they stood at their instant: who looked for something to watch, what was live, what they chose.

Everything in a question was known strictly before it; the factors it uses must be older still.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.affinity import MINIMUM_MINUTES, Habit, Sweep
from features.history import History
from ranking.blend import Candidates, Profile, profile_of, signals
from ranking.collaborative import CreatorFactors

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

ANSWER_SECONDS = 2 * 3600.0
"""What a viewer starts to watch within that time of a question counts as its answer."""
MOST_QUESTIONS = 4000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One viewer at one instant; rows are the streams live then."""

    signals: Floats
    relevant: NDArray[np.bool_]
    creators: Ints
    popularity: Floats
    repeat: Floats


class Knowledge(msgspec.Struct, frozen=True):
    """What was learned before the first question: creators' factors and texts; and what each stream says of itself."""

    factors: CreatorFactors
    text: Matrix
    streams: Matrix


def ask(history: History, known: Knowledge, *, since: float, until: float, seed: int) -> list[Question]:
    """Up to `MOST_QUESTIONS` visits begun in [since, until), each as it stood the instant before."""
    watches = history.watches
    asked = np.flatnonzero((watches.start >= since) & (watches.start < until) & (watches.minutes >= MINIMUM_MINUTES))
    if len(asked) > MOST_QUESTIONS:
        asked = np.sort(np.random.default_rng(seed).choice(asked, MOST_QUESTIONS, replace=False))
    visits = _visits_by_viewer(history)
    sweep = Sweep(history)
    questions = []
    for visit in asked.tolist():
        at, user = float(watches.start[visit]), int(watches.user[visit])
        sweep.advance(at)
        live = history.streams.live_at(at)
        mine = visits[user]
        near = mine[(watches.start[mine] >= at) & (watches.start[mine] < at + ANSWER_SECONDS)]
        relevant = np.isin(live, watches.stream[near])
        if relevant.any() and len(live) > 1:
            candidates = _candidates(history, sweep, known, user=user, at=at, live=live)
            popularity = candidates.viewers + 1e-4 * sweep.visits[history.streams.creator[live]]
            questions.append(
                Question(
                    signals=signals(candidates, _profile(known, sweep.habits[user], at)),
                    relevant=relevant,
                    creators=history.streams.creator[live],
                    popularity=popularity,
                    repeat=candidates.minutes + 1e-6 * popularity,
                )
            )
    return questions


def _candidates(history: History, sweep: Sweep, known: Knowledge, *, user: int, at: float, live: Ints) -> Candidates:
    creators = history.streams.creator[live]
    mine, follows = sweep.habits[user], sweep.follows[user]
    bonds = [mine[creator].seen_at(at) if creator in mine else Habit() for creator in creators.tolist()]
    return Candidates(
        minutes=np.array([bond.minutes for bond in bonds]),
        tokens=np.array([bond.tokens for bond in bonds]),
        gap=np.array([at - bond.last if bond.last else np.inf for bond in bonds]),
        followed=np.array([creator in follows for creator in creators.tolist()]),
        viewers=sweep.viewers[live].astype(np.float64),
        age=at - history.streams.start[live],
        factors=known.factors.vectors[creators],
        text=known.streams[live],
    )


def _profile(known: Knowledge, habits: dict[int, Habit], at: float) -> Profile:
    bonds = [habit.seen_at(at) for habit in habits.values()]
    return profile_of(
        known.factors,
        known.text,
        np.fromiter(habits, np.int32, len(habits)),
        np.array([bond.minutes for bond in bonds]),
        np.array([bond.tokens for bond in bonds]),
    )


def _visits_by_viewer(history: History) -> list[NDArray[np.intp]]:
    """The visits of each viewer, in order of time."""
    order = np.argsort(history.watches.user, kind="stable")
    counts = np.bincount(history.watches.user, minlength=len(history.users))
    return np.split(order, np.cumsum(counts)[:-1])
