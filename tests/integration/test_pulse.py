"""Seconds and their windows: the same from single and packed records, in any cut, order and number of times."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from redis import Redis

from features.pulse import ACTS, CHATS, SLOTS, TOKENS, sums_of, windows
from livestreamx import keys
from livestreamx.clock import uuid7
from livestreamx.engines.partitions import packed_by_partition
from livestreamx.engines.redis import connect_plain
from livestreamx.events import MOODS, ChatMessage, Event, GiftSent, ReactionSent, encode
from livestreamx.events.packed import KINDS, columns_of, pack, unpack
from livestreamx.settings import Settings
from pipelines import engagement, pulse
from pipelines.act_table import ActReadings
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from pipelines.readings import Readings
from pipelines.records import Chunk, Unreadable
from tests.flows.chunks import BEGAN, BEGAN_MS
from tests.flows.messages import Message
from tests.integration.flows import Cast

MINUTES = range(BEGAN_MS // 60_000 - 1, BEGAN_MS // 60_000 + 3)


def acts_of(cast: Cast, count: int = 600) -> list[Event]:
    return [
        msgspec.structs.replace(cast.act(), occurred_at=BEGAN + timedelta(milliseconds=37 * number))
        for number in range(count)
    ]


def chunks(payloads: Sequence[bytes], reader: ActReadings | Readings, size: int = 50) -> Iterator[Chunk]:
    """What a source makes of a partition that holds these records, each logged 40 s after the beginning."""
    for start in range(0, len(payloads), size):
        some = payloads[start : start + size]
        messages = [Message(one, offset=start + number, at_ms=BEGAN_MS + 40_000) for number, one in enumerate(some)]
        found = reader.of("interactions:0", messages, BEGAN_MS)  # type: ignore[arg-type]
        yield Chunk(
            topic="interactions",
            partition=0,
            start=start or None,
            next=start + len(some),
            records=[one for one in found if not isinstance(one, Unreadable)],  # type: ignore[misc]
            unreadable=[one for one in found if isinstance(one, Unreadable)],
        )


def expected(acts: Sequence[Event]) -> dict[UUID | None, dict[int, list[int]]]:
    """The seconds of every stream, counted one by one."""
    counted: dict[UUID | None, dict[int, list[int]]] = {}
    for act in acts:
        row = counted.setdefault(act.stream_id, {}).setdefault(int(act.occurred_at.timestamp()), [0] * SLOTS)
        row[ACTS] += 1
        match act:
            case ReactionSent(mood=mood):
                row[MOODS.index(mood)] += 1
            case ChatMessage(accepted=accepted):
                row[CHATS] += accepted
            case GiftSent(tokens=tokens):
                row[TOKENS] += tokens
    return counted


def found(
    redis: Redis,
    streams: Sequence[UUID],
    minutes: Sequence[int] = range(BEGAN_MS // 60_000 - 1, BEGAN_MS // 60_000 + 3),
) -> dict[UUID | None, dict[int, list[int]]]:
    """The seconds of these streams in Redis."""
    seconds: dict[UUID | None, dict[int, list[int]]] = {}
    for stream in streams:
        for minute in minutes:
            rows = redis.hgetall(keys.stream_pulse(stream, minute))
            seconds.setdefault(stream, {}).update({int(at): sums_of(row) for at, row in rows.items()})
    return seconds


@pytest.fixture
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_plain(settings.redis_url) as client:
        yield client


@pytest.mark.parametrize("way", ["single", "packed", "mixed", "doubled"])
def test_every_second_is_exact(cache: Redis, way: str) -> None:
    cast = Cast(seed=41)
    acts = acts_of(cast)
    payloads = [encode(act) for act in acts]
    if way == "packed":
        payloads = [pack(acts[start : start + 70]) for start in range(0, len(acts), 70)]
    elif way == "mixed":
        payloads = [pack(acts[:300]), *map(encode, acts[300:])]
    elif way == "doubled":
        payloads = [*payloads, pack(acts[100:400]), *random.Random(3).sample(payloads, 200)]
    write = pulse.table_writer(Fence(cache, f"pulse-{uuid7()}"))
    for chunk in chunks(payloads, ActReadings()):
        write([chunk])
    assert found(cache, cast.streams) == expected(acts)


def test_a_restart_in_between_counts_once_and_a_late_act_counts_in_its_second(cache: Redis) -> None:
    cast, name = Cast(seed=42), f"pulse-{uuid7()}"
    acts = acts_of(cast)
    late = acts.pop(5)
    payloads = [*map(encode, acts), encode(late), encode(acts[0])]
    for chunk in chunks(payloads, ActReadings(), size=100):
        pulse.table_writer(Fence(cache, name))([chunk])  # a process that has just started
    assert found(cache, cast.streams) == expected([*acts, late])


def test_what_is_unreadable_is_set_aside_and_the_others_count(cache: Redis) -> None:
    cast = Cast(seed=43)
    acts = acts_of(cast, 100)
    broken = bytearray(pack(acts[50:60]))
    broken[-20:] = b"\xff" * 20
    strange = encode(acts[0]).replace(b'"type":"', b'"type":"never.')
    reaction = next(act for act in acts if isinstance(act, ReactionSent))
    sad = encode(msgspec.structs.replace(reaction, event_id=uuid7())).replace(f'"{reaction.mood}"'.encode(), b'"none"')
    payloads = [*map(encode, acts[:50]), b"\xff", sad, pack([])[:7], *map(encode, acts[50:])]
    name, unreadable = f"pulse-{uuid7()}", []
    for chunk in chunks(payloads, ActReadings()):
        pulse.table_writer(Fence(cache, name))([chunk])
        unreadable += chunk.unreadable
    assert [one.payload for one in unreadable] == [b"\xff", sad, pack([])[:7]]
    assert found(cache, cast.streams) == expected(acts)
    assert isinstance(Readings().of("x", [Message(bytes(broken))], BEGAN_MS)[0], Unreadable)  # type: ignore[list-item]
    assert isinstance(Readings().of("x", [Message(strange)], BEGAN_MS)[0], Unreadable)  # type: ignore[list-item]


def test_packed_records_hold_whole_acts_that_every_flow_reads(cache: Redis) -> None:
    cast = Cast(seed=44)
    acts = acts_of(cast)
    packed = [(topic.name, payload) for topic, _, payload in packed_by_partition(acts, most=90)]
    assert sorted((act for _, one in packed for act in unpack(one)), key=lambda act: act.event_id.int) == sorted(
        acts, key=lambda act: act.event_id.int
    )
    assert {topic for topic, _ in packed} == {"interactions", "economy"}
    assert {len(columns_of(one).kind) for _, one in packed} != {1}
    write = chunk_writer(Fence(cache, f"engagement-{uuid7()}"), engagement.count)
    for chunk in chunks([one for _, one in packed], Readings(), size=3):
        write([chunk])
    messages = Counter(act.stream_id for act in acts if isinstance(act, KINDS[0]))
    for stream in cast.streams:
        assert int(cache.hget(keys.stream_metrics(stream), "messages") or 0) == messages[stream]


def test_windows_are_sums_of_ten_seconds_one_a_second() -> None:
    rng = random.Random(4)
    seconds = {at: [1 + rng.randrange(5) for _ in range(SLOTS)] for at in rng.sample(range(1000, 1100), 30)}
    made = dict(windows(seconds))
    for start in range(980, 1110):
        inside = [row for at, row in seconds.items() if start <= at < start + 10]
        assert made.get(start, [0] * SLOTS)[TOKENS] == sum(row[TOKENS] for row in inside)
        assert (start in made) == bool(inside)
