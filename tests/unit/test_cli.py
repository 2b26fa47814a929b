"""The command line without a platform: what each command takes, and what none does."""

import subprocess
import sys
from pathlib import Path

import pytest


def livestreamx(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "livestreamx", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"LSX_HOME": str(home)})


@pytest.mark.parametrize(
    ("command", "option"), [("dataflows", "--workers"), ("replay", "--speed"), ("backfill", "--from"), ("up", "--port")]
)
def test_help_names_the_options_where_nothing_runs(tmp_path: Path, command: str, option: str) -> None:
    told = livestreamx(tmp_path, command, "--help")
    assert (told.returncode, option in told.stdout) == (0, True), told.stderr


@pytest.mark.parametrize("arguments", [("keeper", "--fast"), ("relay", "now"), ("no-such-command",)])
def test_what_no_command_takes_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused = livestreamx(tmp_path, *arguments)
    assert refused.returncode == 2
    assert arguments[-1] in refused.stdout + refused.stderr


def test_a_job_says_that_no_platform_runs(tmp_path: Path) -> None:
    refused = livestreamx(tmp_path, "dead-letters", "list")
    assert (refused.returncode, "start it with `livestreamx up`" in refused.stderr) == (1, True)
