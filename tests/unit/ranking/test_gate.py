"""The gate: nothing takes over that loses, on the same questions, to what serves or to a plain list of habits."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from orchestration.promotion import objection, serving_rival
from ranking.artifacts import point_to, read_manifest
from ranking.learn import Serving, evaluate, learn_ranker, trial_of
from ranking.questions import Question
from ranking.report import SERVING, Paired
from ranking.trees import Trees
from ranking.trial import Trial
from ranking.vocabulary import Vocabulary
from tests.unit.ranking.worlds import make_report, returning_viewers, save_model


class Clairvoyant(Serving):
    """Serves better than anything can learn to."""

    def __init__(self) -> None:
        super().__init__(None)

    def score(self, question: Question) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return (np.arange(len(question.creators)) == question.target).astype(np.float64)


@pytest.fixture(name="trial", scope="module")
def small_world() -> Trial:
    history = returning_viewers()
    terms = sorted(set(history.streams.category))
    return trial_of(history, Vocabulary.of(terms, np.eye(len(terms), 8, dtype=np.float32)))


def test_a_version_that_loses_to_what_serves_is_refused(trial: Trial, tmp_path: Path) -> None:
    trees, lessons = learn_ranker(trial)
    assert trees is not None
    same = evaluate(trial, trees, lessons, serving=Serving(Trees(trees)))
    assert same.gate.passed
    assert same.metrics[SERVING] == same.metrics["ranker"]
    worse = evaluate(trial, trees, lessons, serving=Clairvoyant())
    assert not worse.gate.passed
    assert f"less than {SERVING}" in worse.gate.why
    candidate = read_manifest(tmp_path, save_model(tmp_path, ["creator-0"], until=2.0, report=worse, trees=trees))
    serving = read_manifest(tmp_path, save_model(tmp_path, ["creator-0"], until=1.0))
    assert "less than serving" in str(objection(candidate, serving, own_history="livestreamx"))
    better = msgspec.structs.replace(candidate, report=same)
    assert objection(better, serving, own_history="livestreamx") is None


def test_a_loss_counts_once_chance_does_not_explain_it() -> None:
    draw = np.random.default_rng(0)
    theirs = draw.integers(0, 12, 4000).astype(np.int32)
    assert Paired.of(theirs + 1, theirs).worse
    assert not Paired.of(theirs, theirs).worse
    shuffled = theirs.copy()
    shuffled[:2000] = draw.permutation(shuffled[:2000])
    assert not Paired.of(shuffled, theirs).worse
    few = np.arange(3, dtype=np.int32)
    assert not Paired.of(np.array([1, 1, 2], np.int32), few).worse


@pytest.mark.parametrize(("gain", "passed"), [(-0.05, False), (-0.01, True), (0.0, True), (0.05, True)])
def test_repeat_is_a_rival_too(gain: float, passed: bool) -> None:
    report = msgspec.structs.replace(make_report(), paired={"repeat": Paired(gain, 0.01)})
    assert report.gate.passed is passed


def test_only_what_learned_from_the_same_history_is_a_rival(tmp_path: Path) -> None:
    assert serving_rival(tmp_path, "livestreamx") is None
    point_to(tmp_path, save_model(tmp_path, ["creator-0"]))
    assert isinstance(serving_rival(tmp_path, "livestreamx"), Serving)
    assert serving_rival(tmp_path, "elsewhere") is None
