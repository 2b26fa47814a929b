"""A whole platform as a child process, for tests and benches: `livestreamx up`, waited for, killed, looked into.

with Platform(tmp_path, port=4123, env={"LSX_DEV_TOPUP": "on"}) as platform:
    httpx.get(platform.url + "/readyz")
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from livestreamx.settings import Settings
from livestreamx.stack.home import Home, StackError

POLL_SECONDS = 0.05


class Platform:
    """`livestreamx up` in `home` on `port`; parts that are killed come back by themselves, as for any user.

    All methods block; `StackError` tells what the platform said when something does not happen in time.
    """

    def __init__(self, home: Path, port: int, *, demo: bool = False, env: Mapping[str, str] | None = None) -> None:
        self.home = Home(home)
        self.port = port
        self._demo = demo
        self._env = dict(env or {})
        self._popen: subprocess.Popen[bytes] | None = None
        self.output = self.home.root / "up.out"
        """What the platform printed in this run."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def supervisor_pid(self) -> int:
        assert self._popen, "not started"
        return self._popen.pid

    @property
    def settings(self) -> Settings:
        """The settings that its roles have: the engines' addresses and the signing key."""
        key = {"LSX_SIGNING_KEY": self.home.signing_key()}
        return Settings.from_env({**os.environ, **self._env, **self.home.announced(), **key})

    def start(self, seconds: float = 120) -> "Platform":
        """Start it and wait until every part is ready."""
        self.home.root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "livestreamx", "up", "--demo" if self._demo else "--no-demo"]
        with self.output.open("wb") as output:
            self._popen = subprocess.Popen(
                [*command, "--port", str(self.port), "--home", str(self.home.root)],
                env={**os.environ, **self._env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait(lambda: bool(self._state().get("up")), seconds, "did not come up")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, seconds: float = 60) -> int:
        """End it in order; its exit code."""
        assert self._popen, "not started"
        self._popen.send_signal(signal.SIGTERM)  # what a shell starts in the background ignores Ctrl-C
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.kill_supervisor()
            raise StackError(f"the platform did not stop within {seconds} s:\n{self._said()}") from error

    def kill_supervisor(self) -> None:
        """kill -9 of the supervisor; its parts go with it a moment later."""
        assert self._popen, "not started"
        self._popen.kill()
        self._popen.wait()

    def parts(self) -> dict[str, dict[str, Any]]:
        """Name -> `pid`, `state` (`ready`, `starting`, `elsewhere`), `deaths` within the last minute, and `standby`.

        `standby` is the process id of the one that would take over at once, if one stands by.
        """
        parts: dict[str, dict[str, Any]] = self._state().get("parts", {})
        return parts

    def pid(self, name: str) -> int:
        """Process id of one part."""
        return int(self.parts()[name]["pid"])

    def kill(self, name: str) -> int:
        """kill -9 of one part, which the supervisor starts again; the process id that was."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_back(self, name: str, killed: int, seconds: float = 60) -> None:
        """Wait until the part with process id `killed` is replaced by a ready one."""

        def back() -> bool:
            part = self.parts()[name]
            return bool(part["pid"] != killed and part["state"] == "ready")

        self._wait(back, seconds, f"{name} did not come back")

    def wait_standby(self, name: str, seconds: float = 60) -> int:
        """Wait until a process of this part stands by; its process id."""
        self._wait(lambda: bool(self.parts()[name]["standby"]), seconds, f"no process of {name} stood by")
        return int(self.parts()[name]["standby"])

    def __enter__(self) -> "Platform":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._popen and self._popen.poll() is None:
            self.stop()

    def _state(self) -> dict[str, Any]:
        state = self.home.read_parts()
        return state if self._popen and state.get("supervisor") == self._popen.pid else {}

    def _wait(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._popen
            if self._popen.poll() is not None:
                raise StackError(f"the platform ended with {self._popen.returncode}:\n{self._said()}")
            if time.monotonic() > deadline:
                raise StackError(f"{otherwise} within {seconds} s:\n{self._said()}")
            time.sleep(POLL_SECONDS)

    def _said(self) -> str:
        return self.output.read_text(errors="replace")[-4000:]
