"""A program for test_stack: the real engines and three tiny roles under the supervisor, as `livestreamx up` runs them.

usage: small_platform.py HOME [CODE]   (CODE: Python that a fourth role runs after it said `ready`)
"""

import sys
from pathlib import Path

import msgspec

from livestreamx.settings import Settings
from livestreamx.stack.console import ConsoleReport
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.parts import Part
from livestreamx.stack.plan import plan_engines
from livestreamx.stack.up import run

ROLE = """
import signal, sys, time
def end(*_):
    with open(sys.argv[2], "a") as journal:
        print(sys.argv[1], file=journal)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""

STANDBY = """
import sys
print("standing by", flush=True)
if not sys.stdin.readline():
    sys.exit(0)
"""


def main() -> int:
    report, settings = ConsoleReport(), Settings(home=Path(sys.argv[1]))
    home = Home(settings.home)
    journal = str(settings.home / "ended.txt")

    def role(name: str, code: str = ROLE, *, standby: bool = False) -> Part:
        return Part(name=name, argv=[sys.executable, "-c", code, name, journal], standby=standby)

    try:
        home.lock()
        plan = plan_engines(home, settings)
        prepared = Part(name="prepare", argv=[sys.executable, "-c", "print('note: prepared')"], one_shot=True)
        stages = [
            *plan.stages,
            (prepared,),
            (role("first"), role("second")),
            (role("third", STANDBY + ROLE, standby=True),),
        ]
        if len(sys.argv) > 2:
            stages.append((role("extra", f"print('ready', flush=True)\n{sys.argv[2]}"),))
        return run(msgspec.structs.replace(plan, stages=tuple(stages)), home, report)
    except StackError as error:
        report.failed(error)
        return 1
    finally:
        home.unlock()


if __name__ == "__main__":
    sys.exit(main())
