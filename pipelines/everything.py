"""All dataflows in one process, each in a thread of its own: `python -m pipelines.everything [flow ...]`.

Prints `ready` once every flow reads; ends within seconds of SIGTERM, and at any moment of a kill without harm.
"""

import signal
import sys
import threading
from collections.abc import Sequence

from livestreamx.observe.logging import configure_logging
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from pipelines.catalogue import every_flow
from pipelines.runner import Runner

STOP_SECONDS = 5.0
SWITCH_SECONDS = 0.001
"""How long one flow may keep the interpreter from the others: a large page of history delays nobody's gift."""


def run_flows(names: Sequence[str], settings: Settings, stopping: threading.Event, metrics: Metrics) -> None:
    """Run these flows until `stopping`; prints `ready` when all of them read."""
    flows = every_flow()
    runners = [Runner(flows[name], settings, stopping, metrics) for name in names]
    for runner in runners:
        runner.thread.start()
    for runner in runners:
        while not runner.reading.wait(0.1) and not stopping.is_set():
            pass
    if not stopping.is_set():
        print("ready", flush=True)
    stopping.wait()
    for runner in runners:
        runner.thread.join(STOP_SECONDS)


def main(names: Sequence[str]) -> None:
    """Run the named flows, or all; `SystemExit` for a name that is none."""
    known = list(every_flow())
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"no such flow: {', '.join(unknown)}; there are {', '.join(known)}")
    settings = Settings.from_env().require("kafka_bootstrap", "redis_url", "clickhouse_url")
    configure_logging(level=settings.log_level, json=settings.log_json, role="pipelines")
    metrics = Metrics()
    if settings.metrics_port:
        metrics.serve(settings.host, settings.metrics_port)
    sys.setswitchinterval(SWITCH_SECONDS)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    run_flows(names or known, settings, stopping, metrics)


if __name__ == "__main__":
    main(sys.argv[1:])
