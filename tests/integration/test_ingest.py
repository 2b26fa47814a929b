"""Interactions from elsewhere, brought in many to a record: each counts once, and a wrong file changes nothing."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from redis import Redis

from livestreamx import ingest, keys
from livestreamx.clock import uuid7
from livestreamx.engines.kafka import log_ends
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage, Event, GiftSent, ReactionSent, encode
from livestreamx.events.packed import is_packed
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.conftest import environment
from tests.integration.flows import Cast, dataflows
from tests.integration.shows import read_log


@pytest.fixture
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_plain(settings.redis_url) as client:
        yield client


@pytest.fixture(autouse=True)
def platform(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)


def a_file(folder: Path, acts: list[Event]) -> Path:
    path = folder / "acts.jsonl"
    path.write_bytes(b"\n".join(map(encode, acts)) + b"\n\n")
    return path


def interactions(cast: Cast, count: int) -> list[Event]:
    acts = (cast.act() for _ in range(2 * count))
    return [act for act in acts if not isinstance(act, GiftSent)][:count]


async def test_what_is_brought_in_counts_once_however_often(
    settings: Settings, cache: Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    troupe = Cast(seed=77)
    acts = interactions(troupe, 900)
    path = a_file(tmp_path, acts)
    before = {record.value() for record in read_log(settings)}
    assert ingest.main([str(path)]) == ingest.main([str(path)]) == 0
    assert "900 acts are in the log" in capsys.readouterr().out
    packed = [value for record in read_log(settings) if is_packed(value := record.value() or b"")]
    assert 0 < len([value for value in packed if value not in before]) <= 40
    said = Counter(act.stream_id for act in acts if isinstance(act, ChatMessage))
    felt = Counter(act.stream_id for act in acts if isinstance(act, ReactionSent))
    ends = {place: end for place, end in log_ends(settings.kafka_bootstrap).items() if place.startswith("interactions")}

    async def is_through() -> bool:
        found = cast(dict[bytes, bytes], cache.hgetall(keys.flow_offsets("engagement")))
        stands = {name.decode(): int(at) for name, at in found.items()}
        return all(stands.get(place, 0) >= end for place, end in ends.items())

    with dataflows(settings, "engagement"):
        await eventually(is_through, bool, 120)
    for stream in troupe.streams:
        found = cache.hmget(keys.stream_metrics(stream), "messages", "reactions")
        assert [int(count or 0) for count in found] == [said[stream], felt[stream]]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"type":"nothing.known"}', "line 3"),
        (b"\xc1\x01 no text", "line 3"),
        (b'{"text":"' + b"long " * 2000 + b'"}', "line 3: longer than 4096 bytes"),
        (None, "gift.sent is not brought in"),
    ],
)
def test_a_file_with_a_wrong_line_is_refused_whole(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes | None, says: str
) -> None:
    troupe = Cast(seed=78)
    gift = GiftSent(
        stream_id=troupe.streams[0], gift_event_id=uuid7(), code="HEART", qty=1, handle="x", tokens=1, paid=1, bonus=0
    )
    path = tmp_path / "acts.jsonl"
    path.write_bytes(b"\n".join([*map(encode, interactions(troupe, 2)), line or encode(gift)]))
    before = [record for record in read_log(settings) if is_packed(record.value() or b"")]
    assert ingest.main([str(path)]) == 1
    assert says in capsys.readouterr().err
    assert len([record for record in read_log(settings) if is_packed(record.value() or b"")]) == len(before)


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest.main([str(tmp_path / "none.jsonl")]) == 1
    assert "No such file" in capsys.readouterr().err
