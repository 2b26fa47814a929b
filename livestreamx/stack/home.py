"""The folder of one embedded platform: who runs it, its signing key, its ports and its parts' state.

External tools read `ports.json` and `running.env`; one supervisor at a time holds the lock.
"""

import base64
import contextlib
import fcntl
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

PORT_RANGE = range(20_000, 32_000)  # below the range that the kernel takes for outgoing connections
PORT_PATIENCE_SECONDS = 3.0
LOCK_PATIENCE_SECONDS = 0.5
ALLOWED_PORTS = range(1024, 65_536)


class StackError(RuntimeError):
    """The platform cannot start or go on; the message says why and what to do."""


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


class Home:
    """`root` and what the stack keeps in it; nothing is written before `lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.logs = self.root / "logs"
        self.running_file = self.root / "running.env"
        self.parts_file = self.root / "parts.json"
        self._lock_file = self.root / "supervisor.lock"
        self._lock: int | None = None

    def lock(self) -> None:
        """Become the one supervisor of this folder until `unlock` or death; `StackError` names the one that is."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StackError(
                f"{self.root} cannot be used: {error.strerror}. Choose a folder by LSX_HOME=..."
            ) from error
        deadline = time.monotonic() + LOCK_PATIENCE_SECONDS  # `holder` borrows the lock for a moment
        while not _locked(lock):
            if time.monotonic() > deadline:
                os.close(lock)
                raise StackError(
                    f"{self.root} is already run by process {self.holder() or 'unknown'}: "
                    f"stop that one first, or start this one with another LSX_HOME=..."
                )
            time.sleep(0.02)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock
        self.logs.mkdir(mode=0o700, exist_ok=True)
        for stale in (self.running_file, self.parts_file):
            stale.unlink(missing_ok=True)

    def unlock(self) -> None:
        """Let another supervisor have the folder."""
        if self._lock is not None:
            for stale in (self.running_file, self.parts_file):
                stale.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def holder(self) -> int | None:
        """Process id of the supervisor that runs this folder, if one does."""
        try:
            lock = os.open(self._lock_file, os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(lock, 32, 0).strip()
            return int(text) if text.isdigit() else None
        finally:
            os.close(lock)
        return None

    def signing_key(self) -> str:
        """The platform's secret, made at the first start: 32 random bytes, base64url without padding."""
        path = self.root / "signing.key"
        with contextlib.suppress(FileNotFoundError):
            return path.read_text().strip()
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        self._write(path, key + "\n")
        return key

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """A port for each name: the one it had before unless someone else took it."""
        path = self.root / "ports.json"
        known: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            read = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
            known = {name: port for name, port in read.items() if port in ALLOWED_PORTS}
        wanted = set(names)
        deadline = time.monotonic() + PORT_PATIENCE_SECONDS  # the last owner may still be on its way out
        for name in sorted(wanted):
            while name in known and not is_free("127.0.0.1", known[name]):
                if time.monotonic() > deadline:
                    del known[name]
                else:
                    time.sleep(0.05)
            if name not in known:
                known[name] = _choose(set(known.values()))
        self._write(path, json.dumps(known, indent=1, sort_keys=True) + "\n", 0o644)
        return {name: known[name] for name in wanted}

    def announce(self, variables: Mapping[str, str]) -> None:
        """Write `running.env`, so that commands find the running platform."""
        self._write(self.running_file, "".join(f"{name}={value}\n" for name, value in variables.items()))

    def announced(self) -> dict[str, str]:
        """The running platform's variables; `StackError` when none runs here."""
        if self.holder() is None or not self.running_file.exists():
            raise StackError(f"the platform is not running in {self.root}: start it with `livestreamx up`")
        lines = self.running_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def write_parts(self, state: Mapping[str, Any]) -> None:
        """Publish process ids and states, for `doctor` and for tests."""
        self._write(self.parts_file, json.dumps(state, indent=1) + "\n", 0o644)

    def read_parts(self) -> dict[str, Any]:
        """What `write_parts` wrote last; empty when nothing runs."""
        try:
            state: dict[str, Any] = json.loads(self.parts_file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return state

    def _write(self, path: Path, text: str, mode: int = 0o600) -> None:
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _choose(taken: set[int]) -> int:
    candidates = [port for port in PORT_RANGE if port not in taken]
    for port in random.SystemRandom().sample(candidates, 200):
        if is_free("127.0.0.1", port):
            return port
    raise StackError(f"no free port between {PORT_RANGE.start} and {PORT_RANGE.stop} on this machine")
