"""Runs the whole graph of today in this process and listens to Dagster's events, for the command line."""

from collections.abc import Callable
from time import monotonic
from uuid import uuid4

import dagster as dg
import msgspec
from dagster import DagsterEventType, EventLogEntry

from livestreamx.settings import Settings
from orchestration.definitions import define
from orchestration.partitions import today
from orchestration.resources import Folders, resources_of

Started = Callable[[str, int, int], None]
Finished = Callable[[str, float, str], None]
TOO_LITTLE = "not enough history"
TOLD = 3
"""How many metadata entries are worth a line."""


class Outcome(msgspec.Struct, kw_only=True):
    """What a run came to; `failure` says why there is no version."""

    metrics: dict[str, dict[str, float]] = {}
    version: str = ""
    promoted: bool = False
    why: str = ""
    failure: str = ""

    @property
    def too_little(self) -> bool:
        return self.failure.startswith(TOO_LITTLE)


class Listener:
    """Turns Dagster's events into calls of `started` and `finished`, and keeps the first failure."""

    def __init__(self, steps: int, started: Started, finished: Finished) -> None:
        self._steps, self._started, self._finished = steps, started, finished
        self._since: dict[str, float] = {}
        self._told: dict[str, str] = {}
        self._done = 0
        self.failure = ""
        self.made: dict[str, dict[str, object]] = {}

    def hear(self, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        step = event.step_key or ""
        if event.event_type == DagsterEventType.STEP_START:
            self._since[step] = monotonic()
            self._started(step, self._done, self._steps)
        elif event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            self.made[step] = {name: entry.value for name, entry in made.metadata.items()}
            self._told[step] = ", ".join(f"{name} {value}" for name, value in list(self.made[step].items())[:TOLD])
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            self._told[step] = ("holds" if check.passed else "FAILED") + f": {check.description or check.check_name}"
            if not check.passed:
                self.failure = self.failure or f"{check.check_name}: {check.description or 'the check failed'}"
        elif event.event_type in (DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE):
            self._done += 1
            self._started(step, self._done, self._steps)
            self._finished(step, monotonic() - self._since.get(step, monotonic()), self._told.get(step, ""))
            if event.event_type == DagsterEventType.STEP_FAILURE and not self.failure:
                self.failure = _reason(event)


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error and error.cause:
        error = error.cause
    return f"{event.step_key}: {error.message.strip() if error else 'failed'}"


def run_graph(settings: Settings, database: str, *, started: Started, finished: Finished) -> Outcome:
    """Materialise every asset of today's partition, checks included; needs `DAGSTER_HOME`."""
    job = define(settings, database).resolve_job_def("train")
    day, run_id = today(), str(uuid4())
    with dg.DagsterInstance.get() as instance:
        listener = Listener(len(job.graph.nodes), started, finished)
        instance.add_event_listener(run_id, listener.hear)
        result = job.execute_in_process(
            instance=instance,
            partition_key=day,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    if listener.failure or not result.success:
        return Outcome(failure=listener.failure or "the run failed")
    promoted = listener.made["promoted_model"]
    folders = resources_of(settings, database)["folders"]
    assert isinstance(folders, Folders)
    return Outcome(
        metrics=folders.workspace(day).report().metrics,
        version=str(promoted["version"]),
        promoted=bool(promoted["promoted"]),
        why=str(promoted["why"]),
    )
