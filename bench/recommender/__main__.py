"""The recommender beside LiveRec and simple rankings on a log of visits: `make bench-recommend INTERACTIONS=FILE.csv`.

`python -m bench.recommender --interactions FILE.csv [--json FILE]`; needs the extra `train`. The log of the tables in
docs/performance.md is a part of the public benchmark of the LiveRec paper.
"""

import argparse
import sys
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from bench.recommender.liverec import LiveRec
from ranking.evaluate import report, run
from ranking.external import history_of, offers_of
from ranking.log import read_visits
from ranking.metrics import gain_of
from ranking.trial import Told, Trial, plan_of

GOAL = 1.08
HEADLINES = ("hr@1", "hr@10", "ndcg@10")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    visits = read_visits(asked.interactions)
    history = history_of(visits, visits.live)
    trial = Trial(
        history=history,
        offers=offers_of(history, visits.live, 2 * 3600.0),
        text=np.zeros((len(history.streams.ids), 0), np.float32),
        plan=plan_of(history),
        seed=asked.seed,
        threads=asked.threads,
    )

    def rivals(trial: Trial, told: Told) -> list[LiveRec]:
        return [LiveRec(trial, told)]

    console = Console()
    found, tally = run(trial, visits, Console(stderr=True), known_intervals=bool(visits.live), rivals=rivals)
    report(found, console)
    ours, theirs = found.metrics[found.ours], found.metrics[LiveRec.name]
    ratios = ", ".join(f"{name} {ours[name] / theirs[name]:.3f}" for name in HEADLINES)
    console.print(f"to LiveRec: {ratios} (goal: {GOAL} in ndcg@10)", highlight=False)
    low, high = bootstrap(tally.places(found.ours), tally.places(LiveRec.name))
    console.print(f"95 % of the ratio of ndcg@10 over resampled questions: {low:.3f} to {high:.3f}", highlight=False)
    if asked.json:
        asked.json.write_bytes(msgspec.json.encode(found))
    return 0 if ours["ndcg@10"] >= GOAL * theirs["ndcg@10"] else 1


def bootstrap(ours: np.ndarray, theirs: np.ndarray, times: int = 1000) -> tuple[float, float]:
    """The 95 % interval of the ratio of NDCG@10 by resampling questions (Efron's percentile bootstrap)."""
    gains = [gain_of(places, 10) for places in (ours, theirs)]
    draw = np.random.default_rng(0)
    rows = (draw.integers(0, len(ours), len(ours)) for _ in range(times))
    ratios = [gains[0][row].mean() / gains[1][row].mean() for row in rows]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    sys.exit(main())
