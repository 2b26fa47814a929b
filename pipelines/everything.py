"""The dataflows, each in a thread of its own: `python -m pipelines.everything [--part I/N | --workers N] [flow ...]`.

Prints `ready` once every flow reads; ends within seconds of SIGTERM, and at any moment of a kill without harm.
"""

import argparse
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

from livestreamx.observe.logging import configure_logging
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from livestreamx.topics import EVENT_TOPICS
from pipelines.catalogue import every_flow
from pipelines.feed import Share
from pipelines.readings import Readings
from pipelines.runner import Runner
from pipelines.workers import keep_workers

STOP_SECONDS = 5.0
SWITCH_SECONDS = 0.001
"""How long one flow may keep the interpreter from the others: a large page of history delays nobody's gift."""
COLLECT = 50_000, 20, 20
"""How many objects are made between two looks for cyclic garbage, and after how many looks older ones are looked at."""
MOST_WORKERS = min(topic.partitions for topic in EVENT_TOPICS)
"""A process without a partition would have nothing to do."""


def run_flows(
    names: Sequence[str], settings: Settings, stopping: threading.Event, metrics: Metrics, share: Share
) -> bool:
    """Run these flows over a share of the partitions until `stopping`; whether all of them ended in time then.

    Prints `ready` when all of them read.
    """
    flows, readings = every_flow(), Readings()
    runners = [Runner(flows[name], settings, stopping, metrics, readings=readings, share=share) for name in names]
    for runner in runners:
        runner.thread.start()
    for runner in runners:
        while not runner.reading.wait(0.1) and not stopping.is_set():
            pass
    if not stopping.is_set():
        print("ready", flush=True)
    stopping.wait()
    until = time.monotonic() + STOP_SECONDS
    for runner in runners:
        runner.thread.join(max(0.0, until - time.monotonic()))
    return not any(runner.thread.is_alive() for runner in runners)


def settle_interpreter() -> None:
    """Let flows take short turns, and seldom look for cycles among the thousands of records that a chunk is made of."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(*COLLECT)


def share_of(text: str) -> Share:
    """The share that `I/N` names, such as `1/4` for the first of four; `ValueError` for anything else."""
    index, _, count = text.partition("/")
    share = Share(int(index) - 1, int(count))
    if not 0 <= share.index < share.count <= MOST_WORKERS:
        raise ValueError(f"{text}: takes I/N with I from 1 to N and N up to {MOST_WORKERS}")
    return share


def arguments(given: Sequence[str], settings: Settings) -> argparse.Namespace:
    """What the command line asks for; `SystemExit` with a sentence when it cannot be done."""
    parser = argparse.ArgumentParser(prog="livestreamx dataflows", description="Run the dataflows.")
    parser.add_argument("flow", nargs="*", help="the flows to run; all without any")
    split = parser.add_mutually_exclusive_group()
    split.add_argument(
        "--workers",
        type=int,
        choices=range(1, MOST_WORKERS + 1),
        default=settings.pipeline_workers,
        help="processes that share the partitions",
    )
    parser.add_argument(
        "--standby", action="store_true", help="be ready, but begin only at a line on standard input; end at its end"
    )
    split.add_argument("--part", type=share_of, help="I/N: the share of one process, for several machines")
    asked = parser.parse_args(given)
    known = list(every_flow())
    if unknown := sorted(set(asked.flow) - set(known)):
        raise SystemExit(f"no such flow: {', '.join(unknown)}; there are {', '.join(known)}")
    asked.flow = asked.flow or known
    return asked


def wait_for_turn() -> bool:
    """Say that all is imported and wait to be told to begin; whether that was said before the input ended."""
    print("standing by", flush=True)
    return bool(sys.stdin.readline())


def main(given: Sequence[str]) -> None:
    """Run the named flows, or all, here or in several processes."""
    settings = Settings.from_env()
    asked = arguments(given, settings)
    settings.require("kafka_bootstrap", "redis_url", "clickhouse_url", "postgres_url")
    configure_logging(level=settings.log_level, json=settings.log_json, role="pipelines")
    if asked.standby and not wait_for_turn():
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if asked.workers > 1 and asked.part is None:
        keep_workers(asked.workers, asked.flow, stopping)
        return
    metrics = Metrics()
    if settings.metrics_port:
        metrics.serve(settings.host, settings.metrics_port)
    settle_interpreter()
    if not run_flows(asked.flow, settings, stopping, metrics, asked.part or Share()):
        os._exit(0)  # the interpreter cannot end around a thread of Bytewax; what it writes is whole or read again


if __name__ == "__main__":
    main(sys.argv[1:])
