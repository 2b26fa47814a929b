"""Which model serves: a version takes the place of the one before only when nothing speaks against it."""

from pathlib import Path

from redis import Redis

from domain.experiments.model import Experiment
from livestreamx import keys
from ranking.artifacts import ArtifactError, Manifest, load, point_to, pointed_to, read_manifest
from ranking.learn import Serving


def current(folder: Path) -> Manifest | None:
    """The manifest of the version that serves, if it can be read."""
    version = pointed_to(folder)
    try:
        return read_manifest(folder, version) if version else None
    except ArtifactError:
        return None


def serving_rival(folder: Path, source: str) -> Serving | None:
    """The version that serves, to answer the questions of a new one, if it learned from the same database."""
    serving = current(folder)
    if serving is None or serving.source != source:
        return None
    try:
        return Serving(load(folder, serving.version).trees)
    except ArtifactError:
        return None


def objection(
    candidate: Manifest, serving: Manifest | None, *, own_history: str, experiment: Experiment | None = None
) -> str | None:
    """Why a version should not take over, or none.

    `own_history` names the platform's database: what learned elsewhere never replaces what learned there. While an
    experiment runs neither of its versions is taken from under it.
    """
    if not candidate.report.gate.passed:
        return f"worse than other rankings of the same questions: {candidate.report.gate.why}"
    if experiment is not None:
        return f"the experiment {experiment.name} compares {experiment.control} with {experiment.treatment}"
    if serving is None:
        return None
    if serving.source == own_history != candidate.source:
        return f"{serving.version}, which serves, learned from the platform's own history"
    if serving.source == candidate.source and candidate.until < serving.until:
        return f"{serving.version}, which serves, knows a later history"
    return None


def promote(folder: Path, redis: Redis, version: str) -> None:
    """Let this version serve: the file first, which lasts, then Redis, which every API process watches."""
    point_to(folder, version)
    redis.set(keys.promoted_model(), version)
