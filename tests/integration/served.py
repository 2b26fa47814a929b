"""The API as a process of its own, for tests that need a real socket: `python -m api` on the engines of the test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from livestreamx.settings import Settings
from tests.conftest import environment, free_port

STOP_SECONDS = 60


@contextmanager
def api_process(settings: Settings, **extra: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Base URL and process, once it said `ready`; stopped like a supervisor stops it."""
    port = free_port()
    env = {**environment(msgspec.structs.replace(settings, port=port)), **extra}
    process = subprocess.Popen(
        [sys.executable, "-m", "api"], env=env, stdout=subprocess.PIPE, text=True, cwd=os.getcwd()
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
        process.stdout.close()
