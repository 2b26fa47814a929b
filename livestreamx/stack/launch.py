"""Starts one program that cannot outlive the supervisor, as another user where asked. It runs as a script.

usage: launch.py PARENT_PID DEATH_SIGNAL USER PASSAGE PROGRAM ARGUMENTS...   (USER `-`: stay; PASSAGE: 1 or 0)
"""

import ctypes
import os
import pwd
import signal
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8


def command(argv: list[str], *, user: str, passage: bool, death_signal: int) -> list[str]:
    """The command line that starts `argv` by this script, bound to the calling process."""
    own = [sys.executable, "-I", "-S", os.path.abspath(__file__)]
    return [*own, str(os.getpid()), str(int(death_signal)), user, str(int(passage)), *argv]


def check(result: int, what: str) -> None:
    """Raise what libc says when a call of it failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def effective_capabilities() -> int:
    """The bits that this process holds."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))


def can_grant_passage() -> bool:
    """Whether `become` could keep the capability that `passage` needs."""
    if sys.platform != "linux":
        return False
    held = effective_capabilities()
    return bool(held & 1 << CAP_SETPCAP and held & (1 << CAP_DAC_READ_SEARCH | 1 << CAP_DAC_OVERRIDE))


def become(user: str, passage: bool, libc: ctypes.CDLL) -> None:
    """Give up root for `user`.

    With `passage` one capability stays: to walk through folders that only root may enter, such as `/root`, because
    the program or its data lies below. Opening up those folders instead would change the machine for everyone.
    """
    account = pwd.getpwnam(user)
    capability = CAP_DAC_READ_SEARCH if effective_capabilities() & 1 << CAP_DAC_READ_SEARCH else CAP_DAC_OVERRIDE
    if passage:
        check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if passage:
        held = 1 << capability
        header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
        check(libc.capset(header, struct.pack("6I", held, held, held, 0, 0, 0)), "capset")
        check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "ambient capability")
    os.environ["HOME"] = "/"


def main() -> None:
    """Bind the own life to the parent's, then become the program."""
    parent, death_signal, user, passage = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4] == "1"
    program = sys.argv[5:]
    libc = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        become(user, passage, libc)
    if sys.platform == "linux":
        check(
            libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "death signal"
        )  # a change of user clears it: so last
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
