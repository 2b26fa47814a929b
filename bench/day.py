"""The synthetic day in every way: undisturbed, killed, shuffled and doubled, replayed, by 1, 2 and 4 processes.

`python -m bench.day [--acts N] [--kills N]`; every way must leave what plain counting says, and the same moods.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.day_runs import Theatre, killed, replayed, rescaled, theatre, whole
from bench.synthetic_day import SyntheticDay, truth


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
        struck = Counter(killed(stage, day.acts, kills=kills, pause=2.0))
        return ", ".join(f"{number} {role}" for role, number in struck.most_common())

    return {
        "undisturbed": lambda: whole(stage, day.acts) or "",
        "replayed twice": lambda: replayed(stage, 2) or "from the start of the log",
        f"killed {kills} times": with_kills,
        "shuffled": lambda: whole(stage, day.shuffled()) or "within the lateness, 5 % twice",
        "2 processes": lambda: whole(stage, day.acts, workers=2) or "",
        "4 processes": lambda: whole(stage, day.acts, workers=4) or "",
        "1, 2, 4, 1 processes": lambda: rescaled(stage, day.acts, (1, 2, 4, 1), 3.0) or "changed under load",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=20)
    asked = parser.parse_args()
    day = SyntheticDay(asked.acts)
    wanted = truth(day)
    table = Table("way", "seconds", "wrong", "", title=f"{len(day.acts):,} acts of a synthetic day")
    faults = 0
    with tempfile.TemporaryDirectory() as folder, theatre(Path(folder)) as stage:
        for name, run in ways(stage, day, asked.kills).items():
            began = time.perf_counter()
            note = run()
            took = time.perf_counter() - began
            found = stage.outcome(day)
            wrong = differences(found, wanted)
            wanted |= {kind: found[kind] for kind in ("order", "metrics", "moods") if kind not in wanted}
            faults += len(wrong)
            table.add_row(name, f"{took:.1f}", ", ".join(wrong) or "nothing", note)
            print(f"{name}: {took:.1f} s, wrong: {', '.join(wrong) or 'nothing'}", file=sys.stderr)
        results = {kind: len(value) for kind, value in wanted.items()}
    Console().print(table)
    Console().print(f"compared: {', '.join(f'{number:,} {kind}' for kind, number in results.items())}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
