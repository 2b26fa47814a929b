"""Fits all models on a history as it was known at an instant: factors, neighbours, and creators' mean texts."""

import numpy as np
from numpy.typing import NDArray

from features.history import History
from features.sweep import Sweep
from ranking import collaborative
from ranking.neighbours import fit_alike, fit_ease
from ranking.taste import Knowledge
from ranking.vocabulary import Vocabulary, unit

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Known(Sweep):
    """A sweep that has come to its instant, with the bonds as the models take them."""

    def __init__(self, history: History, at: float) -> None:
        super().__init__(history)
        self.at = at
        self.advance(at)
        rows = self.touched()
        self.users, self.creators = self.pair_user[rows], self.pair_creator[rows]
        self.strengths = self.bonds.seen_at(rows, at).strength
        self.shape = (len(history.users), len(history.creators))

    @property
    def popularity(self) -> Floats:
        """How many visits each channel has had."""
        return self.trends.fading.sums[:, 0].copy()


def fit_knowledge(history: History, known: Known, text: Matrix) -> Knowledge:
    """All models; `text` [streams, d] is what each stream says of itself."""
    bonds = (known.users, known.creators, known.strengths, known.shape)
    return Knowledge(
        factors=collaborative.fit(*bonds),
        ease=fit_ease(*bonds),
        alike=fit_alike(*bonds),
        text=creator_text(history, text, known.at),
    )


def stream_text(history: History, vocabulary: Vocabulary) -> Matrix:
    """The text vector of each stream, shape [streams, d]."""
    streams = history.streams
    rows = [vocabulary.vector(*told) for told in zip(streams.title, streams.category, streams.tags, strict=True)]
    return np.stack(rows) if rows else np.zeros((0, vocabulary.dimensions), np.float32)


def creator_text(history: History, streams: Matrix, at: float) -> Matrix:
    """The text vector of each creator: the mean of their streams begun before `at`, shape [creators, d]."""
    begun = history.streams.start < at
    sums = np.zeros((len(history.creators), streams.shape[1]), np.float32)
    np.add.at(sums, history.streams.creator[begun], streams[begun])
    return unit(sums)
