"""Recorded chat, counted by the flows, equals a plain count of the file: totals, chatters, minutes; odd files too."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
import pytest
from redis import Redis

from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage, encode
from livestreamx.replay import read_log
from livestreamx.settings import Settings
from pipelines import engagement, pulse
from pipelines.act_table import ActReadings
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from pipelines.readings import Readings
from tests.flows.chunks import BEGAN
from tests.integration.test_pulse import chunks, found

Lines = list[dict[str, object]]


def steady(rng: random.Random) -> Lines:
    return [{"at_ms": 700 * n, "viewer": f"v{rng.randrange(40)}", "text": "what a run LUL"} for n in range(900)]


def bursts(rng: random.Random) -> Lines:
    """Hundreds within one millisecond, then silence for minutes; all of one person."""
    return [{"at_ms": 240_000 * (n // 300), "viewer": "one", "text": f"GO {n}"} for n in range(900)]


def out_of_order(rng: random.Random) -> Lines:
    lines = steady(rng)
    rng.shuffle(lines)
    return lines


def odd_texts(rng: random.Random) -> Lines:
    texts = ["", " ", "😂" * 200, "e\u0301" * 50, "\u202eright to left", "\x00\x1f", "a" * 20_000, '"quoted"\n\\', "ﷺ"]
    names = ["ÄÖÜ", "名前", "😀", "x" * 200, " spaces "]
    return [{"at_ms": 61 * n, "viewer": rng.choice(names), "text": rng.choice(texts), "emotes": []} for n in range(600)]


def of_hours(rng: random.Random) -> Lines:
    """A few words over five hours, some before the recording's own beginning."""
    return [
        {"at_ms": rng.randrange(-5_000, 18_000_000), "viewer": f"v{n % 90}", "text": "still here"} for n in range(400)
    ]


@pytest.fixture
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_plain(settings.redis_url) as client:
        yield client


@pytest.mark.parametrize("make", [steady, bursts, out_of_order, odd_texts, of_hours])
def test_a_recorded_chat_is_counted_as_plain_counting_says(
    cache: Redis, tmp_path: Path, make: Callable[[random.Random], Lines]
) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_bytes(b"\n\n".join(map(msgspec.json.encode, make(random.Random(8)))))
    compare(cache, path)


def compare(cache: Redis, path: Path) -> None:
    """Bring a log through the flows, in chunks of any size and with a restart after each, and count it plainly."""
    stream, name, first = uuid7(), f"log-{uuid7()}", BEGAN - timedelta(hours=6)
    acts = [
        ChatMessage(
            message_id=uuid7(),
            stream_id=stream,
            user_id=uuid5(NAMESPACE_OID, line.viewer),
            handle=line.viewer,
            text=line.text,
            length=len(line.text),
            occurred_at=first + timedelta(milliseconds=line.at_ms),
        )
        for line in read_log(path)
    ]
    payloads = [encode(act) for act in acts]
    for chunk in chunks(payloads, Readings(), size=137):
        assert not chunk.unreadable
        chunk_writer(Fence(cache, name), engagement.count)([chunk])
    for chunk in chunks(payloads, ActReadings(), size=211):
        pulse.table_writer(Fence(cache, f"{name}-pulse"))([chunk])
    minutes, seconds = Counter[int](), Counter[int]()
    viewers: defaultdict[str, int] = defaultdict(int)
    with path.open("rb") as file:
        for line in filter(bytes.strip, file):
            told = msgspec.json.decode(line)
            at = int(first.timestamp() * 1000) + told["at_ms"]
            minutes[at // 60_000] += 1
            seconds[at // 1000] += 1
            viewers[told["viewer"]] += 1
    assert int(cast(bytes, cache.hget(keys.stream_metrics(stream), "messages"))) == sum(viewers.values())
    assert int(cast(bytes, cache.hget(keys.stream_metrics(stream), "chatters"))) == len(viewers)
    assert cache.hlen(keys.stream_people(stream)) == len(viewers)
    assert series(cache, stream, minutes) == minutes
    kept = found(cache, [stream], range(min(minutes), max(minutes) + 1))[stream]
    assert {second: sums[pulse.ACTS] for second, sums in kept.items()} == seconds


def series(cache: Redis, stream: UUID, minutes: Counter[int]) -> dict[int, int]:
    """The stream's minutes that hold messages, from before the first to after the last."""
    wanted = range(min(minutes) - 1, max(minutes) + 2)
    counts = {minute: cache.hget(keys.stream_minute(stream, minute), "messages") for minute in wanted}
    return {minute: int(count) for minute, count in counts.items() if count}
