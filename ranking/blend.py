"""From candidates to a list: signals, a weighted score, diversity (MMR), exploration, and the reasons in words.

Training and serving call the same `signals`, so a weight means the same on both sides.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from ranking.collaborative import CreatorFactors, strength

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int32]

SIGNALS = ("habit", "recent", "gifts", "followed", "cowatch", "text", "viewers", "fresh")
PRIOR = np.array([0.6, 1.0, 0.2, 1.0, 1.5, 1.0, 0.3, 0.2])
"""Weights before anything was learned; learning shrinks towards them."""
RECENT_SECONDS = 2 * 86400.0
FRESH_SECONDS = 3600.0
DIVERSITY = 0.2
EXPLORATION = 0.1
SAFE_SLOTS = 2
"""The first slots are never given to exploration."""


class Profile(msgspec.Struct, frozen=True):
    """A viewer's taste: a factor among the creators' [d_factors] and the mean text of what they watch [d_text]."""

    factor: Matrix
    text: Matrix


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """One row a live stream, as this viewer sees it at this instant.

    `gap` is seconds since the viewer's last visit (infinite: never), `age` seconds since the stream's start;
    `factors` [n, d_factors] belong to the creators, `text` [n, d_text] to the streams.
    """

    minutes: Floats
    tokens: Floats
    gap: Floats
    followed: Flags
    viewers: Floats
    age: Floats
    factors: Matrix
    text: Matrix

    def __len__(self) -> int:
        return len(self.minutes)

    def only(self, rows: Ints) -> "Candidates":
        """The candidates of these rows."""
        return Candidates(**{name: getattr(self, name)[rows] for name in Candidates.__struct_fields__})


def profile_of(factors: CreatorFactors, text: Matrix, rows: Ints, minutes: Floats, tokens: Floats) -> Profile:
    """The taste behind these bonds: `rows` are creators, `minutes` and `tokens` the faded sums of each."""
    bonds = strength(minutes, tokens)
    mean = bonds.astype(np.float32) @ text[rows] if len(rows) else np.zeros(text.shape[1], np.float32)
    length = float(np.linalg.norm(mean))
    return Profile(factors.fold_in(rows, bonds), mean / length if length > 1e-9 else mean)


def signals(candidates: Candidates, profile: Profile) -> Floats:
    """What speaks for each candidate, shape [n, len(SIGNALS)]; every column is 0 where nothing is known."""
    return np.column_stack(
        [
            np.log1p(candidates.minutes),
            np.exp(-candidates.gap / RECENT_SECONDS),
            np.log1p(candidates.tokens),
            candidates.followed.astype(np.float64),
            candidates.factors @ profile.factor,
            candidates.text @ profile.text,
            np.log1p(candidates.viewers),
            np.exp(-np.maximum(candidates.age, 0.0) / FRESH_SECONDS),
        ]
    ).astype(np.float64)


def chances(utility: Floats) -> Floats:
    """The probability that each candidate is the one chosen: a softmax, shape [n], sums to 1."""
    risen = np.exp(utility - utility.max())
    return np.asarray(risen / risen.sum(), np.float64)


def diversify(utility: Floats, likeness: Matrix, count: int, *, diversity: float = DIVERSITY) -> list[int]:
    """Up to `count` rows by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), best first.

    `likeness` holds one vector a row; the inner product of two is how much they repeat each other.
    """
    spread = float(np.ptp(utility)) if len(utility) else 0.0
    relevance = (utility - utility.min()) / spread if spread > 0 else np.zeros(len(utility))
    repeated = np.full(len(utility), -np.inf)
    open_rows = np.ones(len(utility), np.bool_)
    chosen: list[int] = []
    while len(chosen) < min(count, len(utility)):
        penalty = np.where(np.isfinite(repeated), repeated, 0.0)
        value = np.where(open_rows, (1 - diversity) * relevance - diversity * penalty, -np.inf)
        row = int(value.argmax())
        chosen.append(row)
        open_rows[row] = False
        repeated = np.maximum(repeated, likeness @ likeness[row])
    return chosen


def explore(
    chosen: list[int], unknown: Ints, draw: np.random.Generator, *, share: float = EXPLORATION
) -> tuple[list[int], set[int]]:
    """The list with about `share` of its slots given to random rows of `unknown`, and which rows those are.

    The number of slots is exact in expectation and never more than one above `share * len(chosen)`.
    """
    fresh = np.setdiff1d(unknown, chosen)
    slots = np.arange(min(SAFE_SLOTS, len(chosen)), len(chosen))
    count = min(int(len(chosen) * share + draw.random()), len(fresh), len(slots))
    if not count:
        return chosen, set()
    listed = list(chosen)
    rows = draw.choice(fresh, count, replace=False).tolist()
    for slot, row in zip(draw.choice(slots, count, replace=False).tolist(), rows, strict=True):
        listed[slot] = row
    return listed, set(rows)


def source_of(row: Floats, weights: Floats) -> str:
    """The signal that speaks loudest for a candidate, as the name of its source; `row` is its signals."""
    worth = row * weights
    personal = worth[: SIGNALS.index("viewers")]
    if personal.max(initial=0.0) > 0.05:
        return SOURCES[SIGNALS[int(personal.argmax())]]
    return "new" if row[SIGNALS.index("fresh")] > 0.7 and row[SIGNALS.index("viewers")] < 1 else "trending"


MANY_VIEWERS = float(np.log1p(10))
JUST_STARTED = 0.85
SOURCES = {
    "habit": "repeat",
    "recent": "repeat",
    "gifts": "gifts",
    "followed": "followed",
    "cowatch": "cowatch",
    "text": "similar",
}


def reasons_for(source: str, row: Floats, *, creator: str, category: str, because: str | None) -> list[str]:
    """Why, in words for the viewer, strongest first; `because` is the watched creator most like this one."""
    words = {
        "repeat": f"You often watch {creator}",
        "gifts": f"You support {creator}",
        "followed": f"You follow {creator}",
        "cowatch": f"Because you watch {because}" if because else "Viewers like you watch this",
        "similar": f"Like the {category} you watch" if category else "Like what you watch",
        "new": "Just started",
        "explore": "Something new for you",
        "trending": "Popular right now",
    }
    value = dict(zip(SIGNALS, row.tolist(), strict=True))
    also = {
        "followed": value["followed"] > 0,
        "repeat": value["habit"] > 1,
        "trending": value["viewers"] > MANY_VIEWERS,
        "new": value["fresh"] > JUST_STARTED,
    }
    found = [source, *(name for name, holds in also.items() if holds)]
    return [words[name] for name in dict.fromkeys(found)]
