"""Why a stream is recommended: the loudest voice is the first reason."""

import numpy as np
import pytest

from ranking.reasons import VOICES, reasons_for, source_of


def row(**values: float) -> np.ndarray:
    return np.array([values.get(name, 0.0) for name in VOICES])


@pytest.mark.parametrize(
    ("told", "source", "reason"),
    [
        (row(repeat=2, cowatch=0.2), "repeat", "You often watch nightowl"),
        (row(followed=1), "followed", "You follow nightowl"),
        (row(gifts=6), "gifts", "You support nightowl"),
        (row(cowatch=0.8), "cowatch", "Because you watch earlybird"),
        (row(similar=0.9), "similar", "Like the Chess you watch"),
        (row(viewers=3), "trending", "Popular right now"),
        (row(fresh=0.95), "new", "Just started"),
    ],
)
def test_the_loudest_voice_is_the_first_reason(told: np.ndarray, source: str, reason: str) -> None:
    assert source_of(told) == source
    reasons = reasons_for(source, told, creator="nightowl", category="Chess", because="earlybird")
    assert reasons[0] == reason
    assert len(set(reasons)) == len(reasons)
