"""Moments that stand out are found once, told to the room, kept in history and listed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from httpx import AsyncClient
from redis import Redis

from features.highlights import BUCKET_MS, LEAST_SCORE
from livestreamx import keys
from livestreamx.clock import frozen, uuid7
from livestreamx.engines.clickhouse import connect_plain as clickhouse
from livestreamx.engines.kafka import producer
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage, Event, GiftSent, MomentDetected, ReactionSent
from livestreamx.settings import Settings
from pipelines import highlights
from pipelines.counting import chunk_writer
from pipelines.fences import Fence
from tests.flows.chunks import chunks_of
from tests.integration.people import Person
from tests.integration.test_analytics import archive

BEGAN = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
BURST = 500


def evening(stream: UUID, creator: UUID) -> list[Event]:
    """Ten minutes of plain talk, and a burst of everything at second 500."""
    events: list[Event] = []
    common: dict[str, Any] = {"stream_id": stream, "creator_id": creator}
    gift = {"code": "HEART", "qty": 1, "tokens": 50, "paid": 50, "bonus": 0, "handle": "h"}
    for second in range(600):
        at, many = BEGAN + timedelta(seconds=second), 5 if BURST <= second < BURST + 10 else 1
        who = {"occurred_at": at, "user_id": uuid7(), **common}
        events += [ChatMessage(message_id=uuid7(), handle="h", text="hi", length=2, **who) for _ in range(many)]
        if many > 1 or second % 5 == 0:
            events += [ReactionSent(mood="hype", **who) for _ in range(many)]
        if many > 1:
            events.append(GiftSent(gift_event_id=uuid7(), **gift, **who))
    return events


def judge(settings: Settings, redis: Redis, events: list[Event], pieces: int) -> None:
    """Let the flow count and judge."""
    write = chunk_writer(Fence(redis, f"highlights-{uuid7()}"), highlights.count)
    with clickhouse(settings.clickhouse_url) as history, frozen(BEGAN + timedelta(seconds=620)) as clock:
        told = highlights.Judge(redis, history, producer(settings.kafka_bootstrap))
        write(chunks_of(events, size=pieces))
        told.after((), [])  # nothing has been left alone for long enough
        clock.advance(timedelta(seconds=4))
        told.after((), [])
        told.after((), [])


def shown(redis: Redis, stream: UUID) -> list[dict[str, Any]]:
    frames = redis.xrange(keys.room_frames(stream))
    return [msgspec.json.decode(entry[b"d"]) for _, entry in frames if entry[b"e"] == b"moment:detected"]  # type: ignore[union-attr]


async def test_a_burst_is_one_moment_however_its_events_come(api: AsyncClient, settings: Settings) -> None:
    creator = await Person.creator(api)
    with connect_plain(settings.redis_url) as redis:
        for pieces in (100_000, 83):
            stream, at = UUID(await creator.announce()), BEGAN + timedelta(seconds=BURST)
            judge(settings, redis, evening(stream, creator.id)[:: 1 if pieces > 83 else -1], pieces)
            bucket = int(at.timestamp() * 1000) // BUCKET_MS
            assert redis.hget(keys.stream_tens(stream), "last") == str(bucket * BUCKET_MS).encode()
            due = redis.zrange(keys.highlights_due(), 0, -1)
            assert not [one for one in due if one.startswith(str(stream).encode())]
            assert shown(redis, stream) == []  # long past: history, but no news for the room


async def test_moments_are_shown_while_they_are_news(api: AsyncClient, settings: Settings) -> None:
    creator = await Person.creator(api)
    stream = UUID(await creator.announce())
    recent = [
        event for event in evening(stream, creator.id) if event.occurred_at < BEGAN + timedelta(seconds=BURST + 20)
    ]
    with (
        connect_plain(settings.redis_url) as redis,
        clickhouse(settings.clickhouse_url) as history,
        frozen(BEGAN + timedelta(seconds=BURST + 20)) as clock,
    ):
        told = highlights.Judge(redis, history, producer(settings.kafka_bootstrap))
        chunk_writer(Fence(redis, f"highlights-{uuid7()}"), highlights.count)(chunks_of(recent))
        clock.advance(timedelta(seconds=4))
        told.after((), [])
        told.after((), [])
        found = shown(redis, stream)
    assert [(one["at"], one["messages"], one["reactions"], one["tokens"]) for one in found] == [
        ("2026-11-21T20:08:20Z", 50, 50, 500)
    ]
    assert found[0]["score"] >= LEAST_SCORE
    listed = (await api.get(f"/api/streams/{stream}/moments")).json()["items"]
    assert [item["id"] for item in listed] == [found[0]["momentId"]]  # no archive runs here


async def test_they_are_listed_and_kept_once(api: AsyncClient, settings: Settings) -> None:
    creator = await Person.creator(api)
    stream = UUID(await creator.announce())
    ids: dict[str, Any] = {"stream_id": stream, "creator_id": creator.id}
    moments = [
        MomentDetected(
            happened_at=BEGAN + timedelta(minutes=number), score=3.5, messages=1, reactions=2, tokens=3, **ids
        )
        for number in range(3)
    ]
    archive(settings, [*moments, moments[0]])
    listed = (await api.get(f"/api/streams/{stream}/moments", params={"limit": "2"})).json()["items"]
    assert [item["id"] for item in listed] == [str(moments[2].event_id), str(moments[1].event_id)]
    assert listed[0] == {
        "id": str(moments[2].event_id),
        "at": "2026-11-21T20:02:00Z",
        "score": 3.5,
        "messages": 1,
        "reactions": 2,
        "tokens": 3,
    }
    assert (await api.get(f"/api/streams/{uuid7()}/moments")).status_code == 404
