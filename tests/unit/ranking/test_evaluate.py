"""The whole recommender on a log from elsewhere, through the command itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from features.history import History
from ranking.trial import plan_of
from tests.unit.ranking.worlds import DAY, returning_viewers


def log_of(history: History, path: Path) -> Path:
    watches, channel = history.watches, history.watched_creator
    rows = zip(watches.user, channel, watches.start, watches.stop, strict=True)
    lines = [f"u{user},c{item},{2e9 + start:.0f},{2e9 + stop:.0f}" for user, item, start, stop in rows]
    path.write_text("user,item,start,stop\n" + "\n".join(lines))
    return path


def evaluate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "livestreamx", "evaluate", "--interactions", *arguments, "--threads", "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_measures_everything_beside_the_baselines(tmp_path: Path) -> None:
    done = evaluate(str(log_of(returning_viewers(), tmp_path / "log.csv")), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["users"], found["items"], found["dropped"]) == (60, 24, {})
    assert found["questions"] > 50
    own = found["metrics"][found["ours"]]
    rankings = {"trending", "popularity", "repeat", "ALS", "EASE", "EASE + repeat", "factors", found["ours"]}
    assert found["metrics"].keys() == rankings
    wanted = {f"{metric}@{depth}" for metric in ("recall", "ndcg", "hr") for depth in (1, 5, 10)} | {"coverage@10"}
    assert wanted <= own.keys()
    assert own["ndcg@10"] > 1.3 * found["metrics"]["popularity"]["ndcg@10"]
    assert {"known channels", "new channels"} <= found["cohorts"].keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [("user,item,start\nann,x,1\n", "not enough history: 1 visits"), ("who,what\nann,x\n", "cannot be guessed")],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    done = evaluate(str(path))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_periods_end_where_the_log_ends_and_leave_time_for_the_models() -> None:
    history = returning_viewers(days=42)
    plan = plan_of(history)
    assert plan.test.until - plan.test.since == pytest.approx(history.watches.start[-1] / 6, rel=0.05)
    assert [period.until for period in plan.learn] == [*(period.since for period in plan.learn[1:]), plan.test.since]
    assert plan.learn[0].since - history.watches.start[0] > 6 * DAY
    short = plan_of(history, 2 * DAY)
    assert (len(short.learn), short.test.until - short.test.since) == (3, pytest.approx(2 * DAY))
