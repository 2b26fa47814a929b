"""Which experiment runs, and what has come of it. It is kept in Redis, which every API process reads, and in a file."""

from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client
from redis import Redis

from domain.experiments import queries
from domain.experiments.comparison import Comparison, compare
from domain.experiments.model import Experiment, Outcome
from livestreamx import keys
from livestreamx.durable import write_durably

FILE = "experiment.json"


def read(stored: bytes | None) -> Experiment | None:
    """The experiment that was stored; none where there is none or it cannot be read."""
    try:
        return msgspec.json.decode(stored, type=Experiment) if stored else None
    except msgspec.DecodeError:
        return None


def running(folder: Path) -> Experiment | None:
    """The experiment that runs beside the models in this folder."""
    try:
        return read((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None


def begin(folder: Path, redis: Redis, experiment: Experiment) -> None:
    """Let it run: the file first, which lasts, then Redis, which every API process watches."""
    stored = msgspec.json.encode(experiment)
    write_durably(folder / FILE, stored)
    redis.set(keys.experiment(), stored)


def end(folder: Path, redis: Redis) -> None:
    """From now on everybody sees what is promoted."""
    redis.set(keys.experiment(), b"")
    (folder / FILE).unlink(missing_ok=True)


def outcome(history: Client, experiment: Experiment) -> Comparison:
    """Both versions as viewers have taken them up since the beginning."""
    parameters = {"versions": list(experiment.versions), "since": experiment.started_at}
    rows = history.query(queries.OUTCOMES, parameters=parameters).result_rows
    names = Outcome.__struct_fields__
    found = {str(row[0]): Outcome(**dict(zip(names, row[1:], strict=True))) for row in rows}
    control, treatment = (found.get(version, Outcome()) for version in experiment.versions)
    return compare(experiment, control, treatment)
