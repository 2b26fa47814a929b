"""Which of two versions people take up: click rate and minutes watched after a click, with what chance allows for."""

from pathlib import Path

import dagster as dg

from domain.experiments import service
from domain.experiments.comparison import Comparison
from orchestration.charts import intervals, picture
from orchestration.resources import Engines, Folders

NOTHING_RUNS = "no experiment runs"


@dg.asset(group_name="experiments", kinds={"clickhouse"})
def version_comparison(engines: Engines, folders: Folders) -> dg.Output[Comparison | None]:
    """The promoted version beside the candidate since the experiment began; nothing while none runs."""
    experiment = service.running(Path(folders.models))
    if experiment is None:
        return dg.Output(None, metadata={"verdict": NOTHING_RUNS})
    with engines.history() as history:
        found = service.outcome(history, experiment)
    return dg.Output(
        found,
        metadata={
            "experiment": experiment.name,
            "verdict": found.why,
            "impressions": int(found.control.shown + found.treatment.shown),
            "impressions missing": found.missing,
            "click rate of control": found.clicks[0].value,
            "click rate of treatment": found.clicks[1].value,
            "p of the click rates": found.click_difference.p,
            "minutes by impression of control": found.minutes[0].value,
            "minutes by impression of treatment": found.minutes[1].value,
            "p of the minutes": found.minute_difference.p,
            "report": dg.MetadataValue.md(page_of(found)),
        },
    )


@dg.asset_check(asset=version_comparison)
def candidate_does_no_harm(version_comparison: Comparison | None) -> dg.AssetCheckResult:
    """Ship, keep, or wait for so many more impressions; fails where the candidate is known to be worse."""
    if version_comparison is None:
        return dg.AssetCheckResult(passed=True, description=NOTHING_RUNS)
    found = version_comparison
    return dg.AssetCheckResult(
        passed=not found.worse,
        severity=dg.AssetCheckSeverity.WARN,
        description=found.why,
        metadata={"verdict": found.verdict, "impressions missing": found.missing},
    )


def page_of(found: Comparison) -> str:
    """Both versions and the difference between them, with 95 % confidence intervals, as Markdown."""
    names = ("control", "treatment")
    clicks, minutes = (
        {name: (each.interval[0], each.value, each.interval[1]) for name, each in zip(names, pair, strict=True)}
        for pair in (found.clicks, found.minutes)
    )
    told = found.click_difference
    lines = [
        f"**{found.why}**",
        picture(intervals("clicks by impression", clicks), "click rates"),
        picture(intervals("minutes watched within an hour of a click, by impression", minutes), "minutes"),
        f"Click rate, treatment less control: {told.value:+.4f} ({told.low:+.4f} to {told.high:+.4f}, z {told.z:.2f}).",
        "| version | viewers | impressions | clicks | minutes |\n|---|---|---|---|---|",
    ]
    rows = [
        f"| {name} | {each.viewers} | {each.shown:.0f} | {each.clicked:.0f} | {each.minutes:.0f} |"
        for name, each in zip(names, (found.control, found.treatment), strict=True)
    ]
    return "\n\n".join(lines) + "\n" + "\n".join(rows) + "\n"
