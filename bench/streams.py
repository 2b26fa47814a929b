"""The same windows by our flow and by others, in one run over the same acts, with equal results: `make bench-streams`.

`python -m bench.streams [--acts N] [--peers FOLDER]`; FOLDER is an environment with Quix Streams and Pathway.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from livestreamx.clock import now, uuid7
from livestreamx.engines.kafka import producer
from livestreamx.engines.partitions import partition_of
from livestreamx.events import MOODS, ChatMessage, Event, GiftSent, ReactionSent, ViewerHeartbeat, encode
from livestreamx.events.packed import pack
from livestreamx.settings import Settings
from livestreamx.stack import engines_only

RATE, STREAMS, PARTITIONS, PACKED = 2500, 500, 4, 1000
CLOSING = timedelta(seconds=40)
FOLDER = Path(__file__).parent / "peers"
ROOT = FOLDER.parents[1]


def acts_of(count: int, began: datetime) -> Iterator[Event]:
    """Mixed acts of 500 streams of very different size, 2,500 a second, half a second out of order at most."""
    rng = random.Random(7)
    streams = [uuid7() for _ in range(STREAMS)]
    people = [uuid7() for _ in range(20_000)]
    weights = [1 / (number + 1) for number in range(STREAMS)]
    for number, stream in enumerate(rng.choices(streams, weights, k=count)):
        at = began + timedelta(seconds=number / RATE - rng.random() / 2)
        given: dict[str, Any] = {"stream_id": stream, "user_id": rng.choice(people), "occurred_at": at}
        draw = rng.random()
        if draw < 0.37:
            yield ViewerHeartbeat(**given)
        elif draw < 0.72:
            yield ReactionSent(mood=rng.choice(MOODS), **given)
        elif draw < 0.97:
            text = "what a run " * rng.randrange(1, 4)
            yield ChatMessage(message_id=uuid7(), handle="somebody", text=text, length=len(text), **given)
        else:
            parts = {"tokens": rng.choice((1, 5, 100)), "paid": 1, "bonus": 0}
            yield GiftSent(gift_event_id=uuid7(), code="HEART", qty=1, handle="somebody", **parts, **given)
    for stream in streams:
        yield ViewerHeartbeat(stream_id=stream, occurred_at=began + timedelta(seconds=count / RATE) + CLOSING)


def write(settings: Settings, topic: str, acts: list[Event], *, packed: bool = False) -> None:
    """Bring acts to a topic of their own, one or a thousand a record."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(15)
    kafka = producer(settings.kafka_bootstrap, **{"queue.buffering.max.messages": 2_000_000, "linger.ms": 50})
    gathered: list[list[Event]] = [[] for _ in range(PARTITIONS)]
    for number, act in enumerate(acts):
        where = partition_of(act.key, PARTITIONS)
        if not packed:
            kafka.produce(topic, encode(act), key=act.key, partition=where)
        else:
            gathered[where].append(act)
            if len(gathered[where]) == PACKED:
                kafka.produce(topic, pack(gathered[where]), partition=where)
                gathered[where] = []
        if number % 1000 == 0:
            kafka.poll(0)
    for where, some in enumerate(gathered):
        if some:
            kafka.produce(topic, pack(some), partition=where)
    assert kafka.flush(120) == 0


def run(python: Path, name: str, settings: Settings, asked: list[str]) -> dict[str, Any]:
    """What one peer answers when asked for a topic's windows; an empty answer when it did not come to its end."""
    own = python == Path(sys.executable)
    program = ["-m", f"bench.peers.{name}"] if own else [str(FOLDER / f"{name}.py")]
    done = subprocess.run(
        [str(python), *program, settings.kafka_bootstrap, *asked, settings.redis_url],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not answers:
        print(f"{name}: {done.stderr[-800:]}", file=sys.stderr)
    return json.loads(answers[-1]) if answers else {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=300_000)
    parser.add_argument("--small", type=int, default=30_000, help="acts for the slow peers")
    parser.add_argument("--peers", type=Path, help="an environment with Quix Streams and Pathway")
    asked = parser.parse_args()
    titles = ("engine", "acts", "acts/s", "CPU µs/act", "speed to the loop", "CPU to the loop", "results")
    table = Table(*titles, title="Windows of 10 s by 1 s")
    ours, wrong = Path(sys.executable), 0
    with tempfile.TemporaryDirectory() as folder, engines_only(Path(folder)) as engines:
        settings = engines.settings
        runs: list[tuple[Path, str, str]] = [
            (ours, "hand_loop", "large"),
            (ours, "our_flow", "large"),
            (ours, "our_flow", "packed"),
            (ours, "hand_loop", "small"),
            (ours, "our_flow", "small"),
            (ours, "bytewax_windows", "small"),
        ]
        if asked.peers:
            runs += [(asked.peers / "bin" / "python", name, "small") for name in ("quix_windows", "pathway_windows")]
        ends, counts = {}, {}
        for topic, count in (("large", asked.acts), ("small", asked.small)):
            began = now() - timedelta(hours=1)
            acts = sorted(acts_of(count, began), key=lambda act: act.occurred_at)
            write(settings, topic, acts)
            ends[topic], counts[topic] = int((began + timedelta(seconds=count / RATE)).timestamp()), len(acts)
            if topic == "large":
                write(settings, "packed", acts, packed=True)
                ends["packed"], counts["packed"] = ends[topic], counts[topic]
        loop: dict[str, dict[str, Any]] = {}
        for python, name, topic in runs:
            found = run(python, name, settings, [topic, str(counts[topic]), str(ends[topic])])
            base = loop.setdefault("large" if topic == "packed" else topic, found)
            equal = bool(found) and found["mark"] == base["mark"]
            wrong += not equal
            cpu = (found.get("cpu", 0) + found.get("redis_cpu", 0)) / counts[topic] * 1e6
            ratio = f"{found['rate'] / base['rate']:.2f}" if found else "-"
            spent = f"{base['cpu'] / counts[topic] * 1e6 / cpu:.2f}" if found else "-"
            row = (
                f"{name} ({topic})",
                f"{counts[topic]:,}",
                f"{found.get('rate', 0):,.0f}",
                f"{cpu:.1f}",
                ratio,
                spent,
            )
            table.add_row(*row, "equal" if equal else f"OTHER {found.get('mark')}")
            print(*row, found, file=sys.stderr)
    Console(width=140).print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
