"""The synthetic day in every way: undisturbed, killed, shuffled and doubled, replayed, by 1, 2 and 4 processes.

`python -m bench.day [--acts N] [--kills N] [--only WORDS]`; every way must leave what plain counting says.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.day_platform import struck, whole_platform
from bench.day_results import Results
from bench.day_runs import Theatre, killed, replayed, rescaled, theatre, whole
from bench.synthetic_day import SyntheticDay, truth

FED_AS_IT_GOES = ("moods",)
"""At the end of the log moods follow the wall clock, so those of a day long over cannot be told as it comes in."""


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """What is not as it must be, by kind of result."""
    wrong = []
    for name, right in wanted.items():
        got = found[name]
        if got != right:
            many = sum(got.get(key) != right.get(key) for key in {*got, *right}) if isinstance(right, dict) else 1
            wrong.append(f"{name}: {many} of {len(right)}")
    return wrong


def ways(stage: Theatre, day: SyntheticDay, kills: int) -> dict[str, Callable[[], str]]:
    """What is tried, by its name; each says what it did."""

    def with_kills() -> str:
        return told(killed(stage, day.acts, kills=kills, pause=2.0))

    return {
        "undisturbed": lambda: whole(stage, day.acts) or "",
        "replayed twice": lambda: replayed(stage, 2) or "from the start of the log",
        f"killed {kills} times": with_kills,
        "shuffled": lambda: whole(stage, day.shuffled()) or "within the lateness, 5 % twice",
        "2 processes": lambda: whole(stage, day.acts, workers=2) or "",
        "4 processes": lambda: whole(stage, day.acts, workers=4) or "",
        "1, 2, 4, 1 processes": lambda: rescaled(stage, day.acts, (1, 2, 4, 1), 3.0) or "changed under load",
    }


class Report:
    """Compares each way's results with what must come of the day, and with those of the first way."""

    def __init__(self, day: SyntheticDay) -> None:
        self._day, self._wanted = day, truth(day)
        self._table = Table("way", "seconds", "wrong", "", title=f"{len(day.acts):,} acts of a synthetic day")
        self.faults = 0

    def take(
        self, name: str, seconds: float, results: Results, note: str, *more: str, besides: Collection[str] = ()
    ) -> None:
        """Note a way's results, but for the kinds `besides`; `more` is wrong too."""
        found = results.outcome(self._day)
        wanted = {kind: right for kind, right in self._wanted.items() if kind not in besides}
        wrong = [*differences(found, wanted), *more]
        self._wanted |= {kind: found[kind] for kind in ("order", "metrics", "moods") if kind not in self._wanted}
        self.faults += len(wrong)
        self._table.add_row(name, f"{seconds:.1f}", ", ".join(wrong) or "nothing", note)
        print(f"{name}: {seconds:.1f} s, wrong: {', '.join(wrong) or 'nothing'}", file=sys.stderr)

    def show(self) -> None:
        Console().print(self._table)
        kinds = ", ".join(f"{len(value):,} {kind}" for kind, value in self._wanted.items())
        Console().print(f"compared: {kinds}")


def told(struck: Iterable[str]) -> str:
    """What was killed how often."""
    return ", ".join(f"{number} {role}" for role, number in Counter(struck).most_common())


def through_platform(report: Report, name: str, day: SyntheticDay, kills: int, seconds: float) -> None:
    """The day through a whole platform whose every part is killed."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, whole_platform(Path(folder)) as (platform, results):
        names, crowd, faults = asyncio.run(struck(platform, results, day.acts, kills, seconds))
        note = f"{told(names)}; {len(crowd.messages)} messages and {len(crowd.gifts)} gifts of people there"
        report.take(name, time.perf_counter() - began, results, note, *faults, besides=FED_AS_IT_GOES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=150, help="how long the whole platform is fed")
    parser.add_argument("--only", default="", help="words of the ways to try, beside the undisturbed one")
    asked = parser.parse_args()
    day = SyntheticDay(asked.acts)
    report = Report(day)
    with tempfile.TemporaryDirectory() as folder, theatre(Path(folder)) as stage:
        for name, run in ways(stage, day, asked.kills).items():
            if name == "undisturbed" or asked.only in name:
                began = time.perf_counter()
                note = run()
                report.take(name, time.perf_counter() - began, stage.results, note)
    if asked.only in (name := f"whole platform, killed {asked.kills} times"):
        through_platform(report, name, day, asked.kills, asked.seconds)
    report.show()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
