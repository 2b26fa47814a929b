"""The dataflows' second process: all imported, and doing nothing until it is told to begin."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NOWHERE = {
    "LSX_KAFKA_BOOTSTRAP": "127.0.0.1:9",
    "LSX_REDIS_URL": "redis://127.0.0.1:9",
    "LSX_CLICKHOUSE_URL": "http://127.0.0.1:9",
    "LSX_POSTGRES_URL": "postgresql://127.0.0.1:9/none",
    "LSX_LOG_JSON": "on",
}


@pytest.fixture
def standing_by(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The process, once it says that it stands by; no engine is there."""
    command = [sys.executable, "-m", "pipelines.everything", "--standby", "overlays"]
    with subprocess.Popen(
        command,
        env={**os.environ, **NOWHERE, "LSX_HOME": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "standing by\n"
        yield process
        process.kill()


def test_it_ends_with_who_would_tell_it_to_begin(standing_by: "subprocess.Popen[str]") -> None:
    said, _ = standing_by.communicate(timeout=60)
    assert (standing_by.returncode, said) == (0, ""), "it has asked no engine for anything"


def test_it_asks_the_engines_once_it_is_told(standing_by: "subprocess.Popen[str]") -> None:
    assert standing_by.stdin is not None
    assert standing_by.stdout is not None
    standing_by.stdin.write("begin\n")
    standing_by.stdin.flush()
    assert any("overlays" in line for line in standing_by.stdout), "what it cannot reach is said by the flow"


def test_it_ends_when_asked_to(standing_by: "subprocess.Popen[str]") -> None:
    standing_by.terminate()
    standing_by.wait(60)
    assert standing_by.returncode != 0
