"""Trains, evaluates and promotes a model, with progress: the whole asset graph of today, run in this process.

`python -m orchestration.train [--seed-synthetic]`; exits with 2 when there is too little history, 1 when a step failed.
"""

import os
import sys
import time
import warnings
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from livestreamx.settings import Settings, SettingsError
from livestreamx.terminal import screen
from orchestration.home import prepare_home

SYNTHETIC_DATABASE = "livestreamx_synthetic"
FAILED, TOO_LITTLE = 1, 2
SHOWN = ("precision@10", "recall@10", "ndcg@10", "hr@1", "coverage@10")

app = App(name="python -m orchestration.train", help=__doc__, version_flags=[])


@app.default
def train(
    *,
    seed_synthetic: Annotated[bool, Parameter(negative="")] = False,
    viewers: int = 10_000,
    channels: int = 500,
    days: int = 14,
    seed: int = 1,
) -> int:
    """Train on the platform's own history, or on a synthetic one.

    Parameters
    ----------
    seed_synthetic
        Make a synthetic history first, in a database of its own, and train on that.
    viewers
        How many people live in the synthetic world.
    channels
        How many creators it has.
    days
        How long its history is.
    seed
        The same seed makes the same world.
    """
    console = screen()
    try:
        settings = Settings.from_env().require("clickhouse_url", "redis_url")
    except SettingsError as error:
        console.print(f"[red]{error}[/red]")
        return FAILED
    if seed_synthetic:
        _seed(console, settings, viewers=viewers, channels=channels, days=days, seed=seed)
    return _run(console, settings, SYNTHETIC_DATABASE if seed_synthetic else "")


def _seed(console: Console, settings: Settings, *, viewers: int, channels: int, days: int, seed: int) -> None:
    from orchestration.seeding import seed_database
    from orchestration.synthetic import make_world

    with console.status(f"making {viewers} viewers, {channels} channels, {days} days ..."):
        world = make_world(viewers=viewers, channels=channels, days=days, until=time.time() - 60, seed=seed)
        seed_database(settings.clickhouse_url, SYNTHETIC_DATABASE, world)
    console.print(f"synthetic history: {len(world.watches)} visits to {len(world.streams)} streams, seed {seed}")


def _run(console: Console, settings: Settings, database: str) -> int:
    os.environ["DAGSTER_HOME"] = str(prepare_home(settings))
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin for each other starve a busy machine
    warnings.simplefilter("ignore")
    with console.status("starting Dagster ..."):
        from orchestration.execution import run_graph

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training")

        def started(step: str, done: int, of: int) -> None:
            progress.update(task, description=step, completed=done, total=of)

        def finished(step: str, seconds: float, told: str) -> None:
            progress.console.print(f"  {step:<28} {seconds:6.1f} s  {told}", highlight=False)

        outcome = run_graph(settings, database, started=started, finished=finished)
    if outcome.failure:
        console.print(f"[red]{outcome.failure}[/red]")
        console.print("nothing was promoted: what served before still serves")
        return TOO_LITTLE if outcome.too_little else FAILED
    console.print(_table(outcome.metrics))
    verdict = "promoted" if outcome.promoted else "not promoted"
    console.print(f"version {outcome.version} [bold]{verdict}[/bold]: {outcome.why}")
    return 0 if outcome.promoted else FAILED


def _table(metrics: dict[str, dict[str, float]]) -> Table:
    table = Table(title="in the last period")
    table.add_column("ranking")
    for name in SHOWN:
        table.add_column(name, justify="right")
    for ranking, values in metrics.items():
        table.add_row(ranking, *(f"{values[name]:.4f}" for name in SHOWN))
    return table


if __name__ == "__main__":
    sys.exit(app())
