"""The whole life of `livestreamx up`: lock the home, start everything, watch, stop in order."""

import sys
import time

from rich.markup import escape

from livestreamx.settings import Settings
from livestreamx.stack.console import ConsoleReport
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.plan import Plan, plan_platform
from livestreamx.stack.supervisor import Stopped, Supervisor


def up(settings: Settings, *, demo: bool) -> int:
    """Run the platform until Ctrl-C or SIGTERM; the exit code."""
    report, home = ConsoleReport(), Home(settings.home)
    try:
        home.lock()
        return run(plan_platform(home, settings, demo), home, report)
    except StackError as error:
        report.failed(error)
        return 1
    finally:
        home.unlock()


def run(plan: Plan, home: Home, report: ConsoleReport) -> int:
    """Start a plan in a locked home, watch it, stop it; 0 when it was asked to stop. `StackError` when a part fails."""
    began = time.monotonic()
    supervisor = Supervisor(home, plan, report)
    supervisor.catch_signals()
    try:
        notes = supervisor.start()
        report.say(f"\n  LiveStreamX is up after {time.monotonic() - began:.1f} s: [bold cyan]{plan.settings.url}[/]")
        for note in notes:
            report.say(f"  {escape(note)}")
        report.say(f"  [dim]data in {home.root}, engines' addresses in running.env there; Ctrl-C stops[/]")
        sys.stdout.flush()
        supervisor.watch()
    except Stopped:
        report.say("  stopping before everything was up")
    finally:
        supervisor.stop()
    report.say("  stopped; the data is kept")
    return 0
