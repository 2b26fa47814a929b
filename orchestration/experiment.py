"""Serves a candidate beside the promoted version, tells what people make of it, and ends that: start, status, stop."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from redis import Redis
from rich.console import Console
from rich.table import Table

from domain.experiments import service
from domain.experiments.model import Experiment
from livestreamx.clock import now
from livestreamx.engines import clickhouse
from livestreamx.engines import redis as redis_engine
from livestreamx.settings import Settings, SettingsError
from livestreamx.terminal import screen
from orchestration.promotion import current, promote
from ranking.artifacts import ArtifactError, load, versions_in

REFUSED = 1

app = App(name="livestreamx experiment", help=__doc__, version_flags=[])


class Refused(Exception):
    """What was asked for cannot be done; the message says why."""


@app.command
def start(
    *,
    name: str = "",
    candidate: str = "",
    share: float = 0.5,
    effect: float = 0.1,
) -> int:
    """Show another version to a part of the signed-in viewers.

    Parameters
    ----------
    name
        What the experiment is called; another name draws the viewers anew.
    candidate
        The version to try; by default the newest that is not promoted.
    share
        The part of the viewers who see it.
    effect
        The relative change of the click rate that is worth finding.
    """

    def begin(settings: Settings, console: Console) -> None:
        folder = settings.models
        if running := service.running(folder):
            raise Refused(f"the experiment {running.name} runs already: `livestreamx experiment stop` ends it")
        if not (0 < share < 1 and 0 < effect < 10):
            raise Refused("share has to lie between 0 and 1, effect above 0")
        experiment = Experiment(
            name=name or f"{now():%Y%m%d-%H%M%S}",
            control=_promoted(folder),
            treatment=candidate or _newest_other(folder),
            share=share,
            effect=effect,
            started_at=now(),
        )
        if experiment.treatment == experiment.control:
            raise Refused(f"{experiment.treatment} is promoted already")
        load(folder, experiment.treatment)
        with _online(settings) as redis:
            service.begin(folder, redis, experiment)
        console.print(
            f"{experiment.name}: {experiment.treatment} for {share:.0%} of the viewers, "
            f"{experiment.control} for all others; nothing else is promoted meanwhile"
        )

    return _carefully(begin)


@app.command
def status() -> int:
    """What has come of the experiment that runs."""

    def show(settings: Settings, console: Console) -> None:
        experiment = _running(settings.models)
        with clickhouse.connect_plain(settings.clickhouse_url) as history:
            found = service.outcome(history, experiment)
        table = Table(title=f"{experiment.name}, since {experiment.started_at:%Y-%m-%d %H:%M} UTC")
        for column in ("", "version", "viewers", "impressions", "click rate (95 %)", "minutes by impression (95 %)"):
            table.add_column(column)
        rows = (("control", found.control), ("treatment", found.treatment))
        for (arm, told), version, *rates in zip(rows, experiment.versions, found.clicks, found.minutes, strict=True):
            shown = [f"{rate.value:.4f} ({rate.interval[0]:.4f} to {rate.interval[1]:.4f})" for rate in rates]
            table.add_row(arm, version, str(told.viewers), f"{told.shown:.0f}", *shown)
        console.print(table)
        console.print(found.why)

    return _carefully(show)


@app.command
def stop(*, ship: Annotated[bool, Parameter(negative="")] = False) -> int:
    """End the experiment: everybody sees the promoted version again.

    Parameters
    ----------
    ship
        Promote the candidate.
    """

    def end(settings: Settings, console: Console) -> None:
        experiment = _running(settings.models)
        with _online(settings) as redis:
            if ship:
                promote(settings.models, redis, experiment.treatment)
            service.end(settings.models, redis)
        console.print(
            f"{experiment.name} is over: {experiment.treatment if ship else _promoted(settings.models)} serves"
        )

    return _carefully(end)


def _carefully(act: Callable[[Settings, Console], None]) -> int:
    console = screen()
    try:
        act(Settings.from_env().require("clickhouse_url", "redis_url"), console)
    except (SettingsError, Refused, ArtifactError) as error:
        screen(errors=True).print(f"[red]{error}[/red]")
        return REFUSED
    return 0


def _online(settings: Settings) -> Redis:
    return redis_engine.connect_plain(settings.redis_url)


def _running(folder: Path) -> Experiment:
    if experiment := service.running(folder):
        return experiment
    raise Refused("no experiment runs: `livestreamx experiment start` begins one")


def _promoted(folder: Path) -> str:
    if serving := current(folder):
        return serving.version
    raise Refused("no version is promoted yet: `livestreamx train` makes one")


def _newest_other(folder: Path) -> str:
    others = [version for version in versions_in(folder) if version != _promoted(folder)]
    if not others:
        raise Refused("there is no other version to try: `livestreamx train` makes one")
    return others[-1]


def main() -> Any:
    """Run the command; the exit code."""
    return app(result_action="return_value")


if __name__ == "__main__":
    sys.exit(main())
