"""Runs the whole recommender on a log of visits made elsewhere and prints how good it is, beside simple rankings.

`livestreamx evaluate --interactions FILE.csv [--json]`; exits with 2 when the file cannot be used.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from cyclopts import App, Parameter, validators
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from livestreamx.terminal import screen
from ranking.external import history_of, offers_of
from ranking.log import LogError, Visits, read_live, read_visits
from ranking.metrics import DEPTHS, Cohort, Tally
from ranking.trees import Trees, TreesError
from ranking.trial import FACTORS, OURS, Rival, Told, TooLittleHistory, Trial, examine, plan_of, teach

UNUSABLE = 2
QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""Threads of libraries that wait for each other asleep, so that the command shares a machine well."""
DAY = 86400.0
METRICS = (*(f"{metric}@{depth}" for metric in ("recall", "ndcg", "hr") for depth in DEPTHS), "coverage@10")
BY_COHORT = ("ndcg@10", "hr@1", "hr@10")
Positive = Annotated[float, Parameter(validator=validators.Number(gt=0))]

app = App(name="livestreamx evaluate", help=__doc__, version_flags=[])


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All that is told of one run; `seconds` and `peak_mb` are what it took."""

    visits: int
    users: int
    items: int
    dropped: dict[str, int]
    availability: str
    learning_days: float
    test_days: float
    questions: int
    metrics: dict[str, dict[str, float]]
    cohorts: dict[str, Cohort]
    ours: str
    learning_seconds: float
    seconds: float
    peak_mb: float


@app.default
def evaluate(
    *,
    interactions: Path,
    live: Path | None = None,
    columns: str = "",
    step_minutes: Positive = 10.0,
    window_hours: Positive = 2.0,
    period_days: Positive | None = None,
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0,
    threads: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=64))] = 2,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Learn on all but the last week of a log and answer who watched what in that week, among what was live.

    Parameters
    ----------
    interactions
        CSV, TSV or gzip of visits: user, item, start and, if known, stop, in any order with a header; without one as
        user,item,start[,stop] or user,stream,item,start,stop. Times are ISO 8601, seconds since the epoch, or steps.
    live
        When items were live (item, start, stop), if that is known; else somebody else's visit has to show it. Columns
        live_start and live_stop beside the visits say it too.
    columns
        The names of the columns in their order, such as `user,item,start,-,stop`, where the file does not tell them.
    step_minutes
        How long one step is, where times are numbers of steps.
    window_hours
        How near another viewer's visit has to be to show that an item is live.
    period_days
        How long the test is, and each of the up to three periods before it that the ranker learns from.
    seed
        The same seed draws the same samples.
    threads
        How many threads the trees are learned with.
    json
        Print one JSON object and nothing else.
    """
    told = screen(errors=True, quiet=json)
    try:
        visits = read_visits(interactions, columns=_columns(columns), step_seconds=step_minutes * 60)
        intervals = read_live(live, visits.items, step_seconds=step_minutes * 60) if live else visits.live
        history = history_of(visits, intervals)
        trial = Trial(
            history=history,
            offers=offers_of(history, intervals, window_hours * 3600),
            text=np.zeros((len(history.streams.ids), 0), np.float32),
            plan=plan_of(history, period_days * 86400 if period_days else None),
            seed=seed,
            threads=threads,
        )
        found, _ = run(trial, visits, told, known_intervals=bool(intervals))
    except (LogError, TooLittleHistory, TreesError) as error:
        screen(errors=True).print(f"[red]{error}[/red]")
        return UNUSABLE
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        report(found, screen())
    return 0


def run(
    trial: Trial,
    visits: Visits,
    screen: Console,
    *,
    known_intervals: bool,
    rivals: Callable[[Trial, Told], Sequence[Rival]] = lambda _, __: (),
) -> tuple[Evaluation, Tally]:
    """Learn, then answer the questions of the test period beside any `rivals`, with progress on `screen`."""
    began = time.monotonic()
    bars = (TextColumn("{task.description:<36}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*bars, console=screen) as progress:
        bar = progress.add_task("reading")

        def told(what: str, done: int, of: int) -> None:
            progress.update(bar, description=what, completed=done, total=max(of, 1))

        trees = teach(trial, told)
        learned = time.monotonic() - began
        tally = examine(trial, Trees(trees) if trees else None, told, rivals(trial, told))
    if not tally.questions:
        raise TooLittleHistory(
            "nothing to ask: in the test period no visit is to an item that others show to be live at that moment"
        )
    ours = OURS if trees else FACTORS
    return Evaluation(
        visits=len(visits.start),
        users=len(visits.users),
        items=len(visits.items),
        dropped=visits.dropped,
        availability="known intervals" if known_intervals else "evidence of other viewers",
        learning_days=round((trial.plan.test.since - trial.plan.learn[0].since) / DAY, 2),
        test_days=round((trial.plan.test.until - trial.plan.test.since) / DAY, 2),
        questions=tally.questions,
        metrics=tally.metrics(),
        cohorts=tally.cohorts((ours, "repeat")),
        ours=ours,
        learning_seconds=round(learned, 1),
        seconds=round(time.monotonic() - began, 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    ), tally


def report(found: Evaluation, console: Console) -> None:
    """The tables."""
    dropped = ", ".join(f"{count} {why}" for why, count in found.dropped.items()) or "none"
    console.print(
        f"{found.visits} visits of {found.users} users to {found.items} items (dropped: {dropped}); live by "
        f"{found.availability}; {found.questions} questions of the last {found.test_days:.1f} days, "
        f"learned from those of {found.learning_days:.1f} days before",
        highlight=False,
    )
    table = _table("what was chosen, among all that was live: R recall, N NDCG, HR hit rate, C coverage")
    table.add_column("ranking", no_wrap=True)
    for name in METRICS:
        table.add_column(_short(name), justify="right")
    for ranking, values in found.metrics.items():
        style = "bold" if ranking == found.ours else ""
        table.add_row(ranking, *(_shown(values[name]) for name in METRICS), style=style)
    console.print(table)
    cohorts = _table(f"by cohort: {found.ours} | repeat")
    cohorts.add_column("cohort")
    cohorts.add_column("questions", justify="right")
    for metric in BY_COHORT:
        cohorts.add_column(_short(metric), justify="right")
    for name, cohort in found.cohorts.items():
        pairs = [
            " | ".join(_shown(cohort.metrics[who][metric]) for who in (found.ours, "repeat")) for metric in BY_COHORT
        ]
        cohorts.add_row(name, str(cohort.questions), *pairs)
    console.print(cohorts)
    console.print(
        f"{found.learning_seconds:.0f} s to learn, {found.seconds:.0f} s in all, {found.peak_mb:.0f} MB at most",
        highlight=False,
    )


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _short(metric: str) -> str:
    return metric.replace("recall", "R").replace("ndcg", "N").replace("hr", "HR").replace("coverage", "C")


def _shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _columns(told: str) -> list[str]:
    return [name.strip() for name in told.split(",")] if told else []


def main() -> Any:
    """Run the command; the exit code."""
    return app(result_action="return_value")


if __name__ == "__main__":
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    sys.exit(main())
