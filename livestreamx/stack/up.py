"""The whole life of `livestreamx up`: lock the home, start everything, watch, stop in order."""

import sys
import time

from livestreamx.settings import Settings
from livestreamx.stack.console import ConsoleReport
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.plan import plan_platform
from livestreamx.stack.supervisor import Stopped, Supervisor


def up(settings: Settings, *, demo: bool) -> int:
    """Run the platform until Ctrl-C or SIGTERM; the exit code."""
    report = ConsoleReport()
    home = Home(settings.home)
    began = time.monotonic()
    try:
        home.lock()
    except StackError as error:
        report.failed(error)
        return 1
    try:
        supervisor = Supervisor(home, plan_platform(home, settings, demo), report)
        supervisor.catch_signals()
        return run(supervisor, settings, home, report, began)
    except StackError as error:
        report.failed(error)
        return 1
    finally:
        home.unlock()


def run(supervisor: Supervisor, settings: Settings, home: Home, report: ConsoleReport, began: float) -> int:
    """Start, watch and stop; 0 when it was asked to stop."""
    try:
        notes = supervisor.start()
        report.say(f"\n  LiveStreamX is up after {time.monotonic() - began:.1f} s: [bold cyan]{settings.url}[/]")
        for note in notes:
            report.say(f"  {note}")
        report.say(f"  [dim]data in {home.root}, engines' addresses in running.env there; Ctrl-C stops[/]")
        sys.stdout.flush()
        supervisor.watch()
    except Stopped:
        pass
    except StackError as error:
        report.failed(error)
        return 1
    finally:
        supervisor.stop()
    report.say("  stopped; the data is kept")
    return 0
