"""One part as a real process: readiness, notes, logs, ends, and the launcher that binds it to its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from livestreamx.stack.logs import PartLog
from livestreamx.stack.parts import Part, PartFailed, describe
from livestreamx.stack.processes import Process

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Python code as a part, and ends it after the test."""
    started: list[Process] = []

    def run(code: str, **options: Any) -> Process:
        process = Process(Part(name="part", argv=[sys.executable, "-u", "-c", code], **options), tmp_path)
        started.append(process)
        process.start()
        return process

    yield run
    for process in started:
        process.dismiss_standby()
        process.kill()
        process.log.close()


def until_ready(process: Process, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not process.check_ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def command_of(pid: int) -> bytes:
    """What a process runs, nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_ready_is_heard_on_stdout_only(start: Start) -> None:
    process = start("import sys, time; print('ready', file=sys.stderr); time.sleep(60)")
    deadline = time.monotonic() + 60
    while "ready" not in process.log.tail():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not process.check_ready()
    until_ready(start("import time; print('ready 127.0.0.1:1'); time.sleep(60)"))


def test_a_word_that_begins_like_ready_is_not_it(start: Start) -> None:
    process = start("import time; print('readying'); time.sleep(60)")
    deadline = time.monotonic() + 60
    while not process.log.tail():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not process.check_ready()


def test_one_shot_is_ready_when_it_ended_well_and_its_notes_are_kept(start: Start) -> None:
    process = start("print('note: account a / b'); print('noted: no')", one_shot=True)
    until_ready(process)
    assert process.notes == ["account a / b"]


def test_failure_carries_the_last_lines(start: Start) -> None:
    process = start("import sys; print('so far'); print('why', file=sys.stderr); sys.exit(3)", one_shot=True)
    with pytest.raises(PartFailed, match="exit code 3") as failure:
        until_ready(process)
    assert sorted(failure.value.tail) == ["so far", "why"]


def test_what_never_becomes_ready_is_ended(start: Start) -> None:
    process = start("import time; time.sleep(60)", start_seconds=0.3)
    with pytest.raises(PartFailed, match="not ready within"):
        until_ready(process)
    assert not process.alive


def test_what_ignores_the_signal_is_killed_with_its_children(start: Start, tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        "import pathlib, signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "p = subprocess.Popen(['/bin/sleep', '60'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(p.pid)); print('ready'); time.sleep(60)"
    )
    process = start(code, stop_seconds=0.2)
    until_ready(process)
    process.ask_to_stop()
    assert process.wait_stopped() is False
    assert process.exit_code == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while command_of(int(child.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def waiting(journal: Path) -> str:
    """A program that stands by, and writes down when it begins."""
    return (
        "import os, sys, time; print('standing by')\n"
        f"if not sys.stdin.readline(): open({str(journal)!r}, 'a').write('left '); sys.exit()\n"
        f"open({str(journal)!r}, 'a').write(f'{{os.getpid()}} '); print('ready'); time.sleep(60)"
    )


def until_standing_by(process: Process) -> int:
    deadline = time.monotonic() + 60
    while (found := process.standby) is None:
        process.keep_standby()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_who_stands_by_begins_only_when_the_one_before_is_gone(start: Start, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    process = start(waiting(journal), standby=True)
    until_ready(process)
    first, second = process.pid, until_standing_by(process)
    assert journal.read_text().split() == [str(first)]
    process.kill()
    process.start()
    assert (process.pid, process.has_standby) == (second, False)
    until_ready(process)
    assert journal.read_text().split() == [str(first), str(second)]


def test_who_stands_by_and_dies_is_not_counted_on(start: Start, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    process = start(waiting(journal), standby=True)
    until_ready(process)
    os.kill(until_standing_by(process), signal.SIGKILL)
    deadline = time.monotonic() + 60
    while process.has_standby:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.start()
    until_ready(process)
    assert journal.read_text().split()[-1] == str(process.pid)


def test_who_is_told_to_begin_too_early_begins_when_it_can(start: Start, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    process = start("import time; time.sleep(0.2)\n" + waiting(journal), standby=True)
    until_ready(process)
    process.keep_standby()
    process.kill()
    process.start()
    until_ready(process)
    assert journal.read_text().split()[-1] == str(process.pid)


def test_the_end_of_a_part_is_told_at_once(tmp_path: Path) -> None:
    changed = threading.Event()
    process = Process(Part(name="part", argv=["/bin/sleep", "60"]), tmp_path, changed.set)
    process.start()
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert changed.wait(30)
    assert process.exit_code == -signal.SIGKILL
    process.log.close()


def test_parts_die_with_their_parent() -> None:
    """The parent is killed outright; the kernel ends the part."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from livestreamx.stack.parts import Part; from livestreamx.stack.processes import Process\n"
        "p = Process(Part(name='p', argv=['/bin/sleep', '60']), Path(sys.argv[1])); p.start()\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, "/tmp"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        deadline = time.monotonic() + 60
        while b"/bin/sleep" not in command_of(pid):  # the launcher has become the program
            assert time.monotonic() < deadline
            time.sleep(0.01)
        parent.kill()
        parent.wait()
    while command_of(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_launcher_ends_when_its_parent_is_not_who_it_should_be() -> None:
    script = Path(__file__).parents[3] / "livestreamx" / "stack" / "launch.py"
    line = [sys.executable, "-I", "-S", str(script), "1", "9", "-", "0", "/bin/echo", "never"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    line[4] = str(os.getpid())
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout == "never\n"


def test_log_is_bounded_and_keeps_the_run_before(tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    path.write_text("the run before\n")
    log = PartLog(path, limit=1000)
    assert (tmp_path / "part.log.1").read_text() == "the run before\n"
    for number in range(1000):
        log.write(f"line {number}")
    log.write("x" * 100_000)
    log.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 8000
    assert log.tail()[-2] == "line 999"


def test_describe() -> None:
    assert describe(3) == "exit code 3"
    assert describe(-9) == "signal SIGKILL"
