"""The evaluation report as a page to be read: tables and charts in Markdown, for Dagster and for a file."""

from datetime import UTC, datetime

from orchestration.charts import against_diagonal, bars, picture
from ranking.report import Example, Report

SHOWN = ("ndcg@10", "hr@1", "hr@10", "precision@10", "coverage@10")


def page_of(report: Report) -> str:
    """The whole page."""
    verdict = "passed" if report.gate.passed else "FAILED"
    parts = [
        f"# Evaluation: {report.questions} questions",
        f"Gate {verdict}: {report.gate.why}. What answers: **{report.rung}** (learned from {report.lessons} questions "
        f"of {len(report.plan.learn)} periods). Tested from {_day(report.plan.test.since)} to "
        f"{_day(report.plan.test.until)} (UTC); all fits and signals know only what came before.",
    ]
    if report.metrics:
        parts += [_rankings(report), _cohorts(report), _coverage(report)]
    if report.calibration:
        parts.append(_calibration(report))
    parts += ["## Examples", *(_example(example) for example in report.examples)]
    return "\n\n".join(parts) + "\n"


def _rankings(report: Report) -> str:
    lines = [f"| ranking | {' | '.join(SHOWN)} |", "|---" * (len(SHOWN) + 1) + "|"]
    for name, values in report.metrics.items():
        shown = " | ".join(f"{values[metric]:.3f}" for metric in SHOWN)
        lines.append(f"| {'**' + name + '**' if name == report.rung else name} | {shown} |")
    return "## Rankings\n\n" + "\n".join(lines)


def _cohorts(report: Report) -> str:
    series = (report.rung, "repeat")
    values = {
        f"{name} ({cohort.questions})": [cohort.metrics[who]["ndcg@10"] for who in series]
        for name, cohort in report.cohorts.items()
    }
    return "## By cohort\n\n" + picture(bars("NDCG@10 by cohort", values, series), "NDCG@10 by cohort")


def _coverage(report: Report) -> str:
    values = {name: [each["coverage@10"]] for name, each in report.metrics.items()}
    chart = bars("share of creators on offer that reached a first ten", values, ("coverage@10",))
    return "## Coverage\n\n" + picture(chart, "coverage by ranking")


def _calibration(report: Report) -> str:
    points = [(each.predicted, each.chosen) for each in report.calibration]
    chart = against_diagonal("chance told and chance seen", points, "predicted chance", "share chosen")
    counts = ", ".join(f"{each.predicted:.2f}: {each.count}" for each in report.calibration)
    return f"## Calibration\n\n{picture(chart, 'calibration')}\n\nListed streams by predicted chance: {counts}"


def _example(example: Example) -> str:
    habits = ", ".join(example.watches) or "nothing yet"
    place = f"at place {example.place + 1}"
    return (
        f"- {_day(example.at)}: watches {habits}; was shown {', '.join(example.listed)}; "
        f"chose **{example.chosen}**, {place}"
    )


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
