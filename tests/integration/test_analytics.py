"""The dashboard's numbers against plain counting of a stream whose every event is known, and who may see them."""

import csv
import io
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from api.correlation import Platform
from domain.analytics.model import PANEL_NAMES
from livestreamx.clock import uuid7
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.kafka import producer
from livestreamx.engines.postgres import Pool
from livestreamx.events import (
    ChatMessage,
    Event,
    GiftSent,
    MoodChanged,
    ReactionSent,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
)
from livestreamx.settings import Settings
from pipelines.archive import page_of, table_writer
from tests.flows.chunks import chunks_of
from tests.integration.people import Person, refusal

BEGAN = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
MINUTES = 30


class Show:
    """A stream of half an hour, what happened in it, and who runs it."""

    def __init__(self, creator: Person, stream: str) -> None:
        self.creator, self.stream = creator, stream
        self.events: list[Event] = []

    def add(self, kind: type[Event], seconds: float, user: UUID | None = None, **fields: Any) -> None:
        at = BEGAN + timedelta(seconds=seconds)
        ids = {"stream_id": UUID(self.stream), "creator_id": self.creator.id, "user_id": user}
        self.events.append(kind(occurred_at=at, **{**ids, **fields}))

    def watch(self, since: float, until: float, user: UUID | None = None, anon: str | None = None) -> None:
        """Somebody joins, sends heartbeats every 15 s and leaves."""
        who = {"user": user, "anon_id": anon, "session_id": str(uuid7())}
        self.add(ViewerJoined, since, **who)
        beat = since + 15
        while beat < until:
            self.add(ViewerHeartbeat, beat, **who)
            beat += 15
        self.add(ViewerLeft, until, **who, watched_ms=int((until - since) * 1000))

    async def panels(self, names: str, **params: Any) -> dict[str, Any]:
        answer = await self.creator.ask(
            "GET", f"/api/studio/streams/{self.stream}/analytics", params={"panels": names, **params}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["panels"])


def archive(settings: Settings, events: Sequence[Event]) -> None:
    """Write events as the archive flow does."""
    with connect_plain(settings.clickhouse_url) as client:
        pages = [page_of(chunk) for chunk in chunks_of(events, partition=99)]
        write = table_writer(client, producer(settings.kafka_bootstrap))
        write([msgspec.structs.replace(page, rows=page.rows | {"archive_offsets": []}) for page in pages])


def happen(show: Show) -> None:
    """Six viewers, one of them twice and two anonymous; chat, gifts, reactions and a mood."""
    rng = random.Random(4)
    stays = ((0, 1795), (0, 600), (60, 420), (300, 305), (600, 1795))
    people = [uuid7() for _ in stays]
    for person, (since, until) in zip(people, stays, strict=True):
        show.watch(since, until, person)
    show.watch(30, 330, people[0])  # a second device
    show.watch(900, 1000, people[2])  # comes back after a long silence
    show.watch(120, 720, anon="anon-a")
    show.watch(1200, 1208, anon="anon-b")
    show.watch(0, 1795, show.creator.id)
    for _ in range(200):
        person, second = rng.choice(people[:4]), rng.uniform(0, 1790)
        show.add(ChatMessage, second, person, message_id=uuid7(), handle="h", text="hi", length=2)
    for number in range(12):
        code, tokens, paid = (("HEART", 5, 2), ("ROSE", 10, 10))[number % 2]
        parts = {"code": code, "qty": 1, "tokens": tokens, "paid": paid, "bonus": tokens - paid, "handle": "h"}
        show.add(GiftSent, 60 * number + 7, people[number % 3], gift_event_id=uuid7(), **parts)
    for second in range(0, 300, 10):
        show.add(ReactionSent, second, people[4], mood="joy")
    for hop in range(1, 25):
        mood = "joy" if hop <= 20 else "sad"
        end = BEGAN + timedelta(seconds=hop * 5)
        state = {"intensity": 0.8, "shares": {mood: 0.8, "love": 0.2}, "reactors": 4, "since": BEGAN, "hop_end": end}
        show.add(MoodChanged, hop * 5, mood=mood, **state)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def show(app: Platform, pool: Pool, settings: Settings) -> AsyncIterator[Show]:
    async with AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield await make_show(client, pool, settings)


async def make_show(client: AsyncClient, pool: Pool, settings: Settings) -> Show:
    """The stream, ended and archived."""
    creator = await Person.creator(client)
    stream = await creator.go_live()
    await creator.ask("POST", f"/api/streams/{stream}/end")
    async with pool.connection() as db:
        await db.execute(
            "UPDATE streams SET started_at = %s, ended_at = %s WHERE id = %s",
            (BEGAN, BEGAN + timedelta(minutes=MINUTES), stream),
        )
    show = Show(creator, stream)
    happen(show)
    archive(settings, show.events)
    archive(settings, show.events[::2])  # written twice, counted once
    return show


async def test_chat_counts_messages_and_chatters(show: Show) -> None:
    said = [event for event in show.events if isinstance(event, ChatMessage)]
    chat = (await show.panels("chat"))["chat"]
    assert chat["totals"] == {"messages": 200, "chatters": len({event.user_id for event in said})}
    assert sum(row["messages"] for row in chat["series"]) == 200
    first = [event for event in said if event.occurred_at < BEGAN + timedelta(minutes=1)]
    assert chat["series"][0] == {
        "at": "2026-11-20T20:00:00Z",
        "messages": len(first),
        "chatters": len({event.user_id for event in first}),
    }
    times = [datetime.fromisoformat(row["at"]) for row in chat["series"]]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(minutes=1)}
    assert chat["definition"]


async def test_viewers_are_sessions_without_the_creator(show: Show) -> None:
    viewers = (await show.panels("viewers"))["viewers"]
    totals = viewers["totals"]
    watched = (1795 + 600 + 360 + 5 + 1195 + 100 + 600 + 8) / 60
    assert totals["minutesWatched"] == pytest.approx(watched)
    assert totals["acv"] * MINUTES == pytest.approx(totals["minutesWatched"])
    assert totals["unique"] == 5  # the two who stayed 5 s and 8 s are not
    assert totals["anonymous"] == 1
    assert totals["engaged"] == 4
    assert totals["avgWatchMs"] == pytest.approx(totals["minutesWatched"] * 60_000 / 5)
    assert totals["peak"] == 5  # at 300 s
    assert sum(row["minutes"] for row in viewers["series"]) == pytest.approx(totals["minutesWatched"])
    assert max(row["viewers"] for row in viewers["series"]) == totals["peak"]


async def test_gifts_sum_by_code_and_minute_to_the_same(show: Show) -> None:
    gifts = (await show.panels("gifts"))["gifts"]
    totals = gifts["totals"]
    assert (totals["tokens"], totals["paid"], totals["bonus"], totals["count"]) == (90, 72, 18, 12)
    for field in ("tokens", "paid", "bonus", "count"):
        assert sum(row[field] for row in totals["byGift"]) == totals[field]
        assert sum(row[field] for row in gifts["series"]) == totals[field]
    assert [row["code"] for row in totals["byGift"]] == ["ROSE", "HEART"]


async def test_mood_has_seconds_and_a_timeline(show: Show) -> None:
    mood = (await show.panels("mood"))["mood"]
    assert mood["totals"]["seconds"] == {"joy": 100, "sad": 20, "neutral": MINUTES * 60 - 120}
    assert mood["totals"]["dominant"] == "joy"
    assert [row["mood"] for row in mood["series"][:3]] == ["joy", "joy", "neutral"]
    assert mood["series"][0]["joy"] == pytest.approx(0.8)


async def test_retention_is_kaplan_meier_over_minutes_stayed(show: Show) -> None:
    retention = (await show.panels("retention"))["retention"]
    stays = ((0, 1795), (0, 600), (60, 1000), (300, 305), (600, 1795), (120, 720), (1200, 1208))
    minutes = [((until - since) // 60, until < 1755) for since, until in stays]
    share, expected = 1.0, []
    for minute in range(max(stay for stay, _ in minutes) + 1):
        expected.append(round(share, 6))
        present = sum(stay >= minute for stay, _ in minutes)
        lost = sum(stay == minute and gone for stay, gone in minutes)
        share *= 1 - lost / present
    shares = [row["share"] for row in retention["series"]]
    assert shares == pytest.approx(expected, abs=1e-6)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0


async def test_engagement_counts_people_and_acts(show: Show) -> None:
    totals = (await show.panels("engagement"))["engagement"]["totals"]
    assert (totals["messages"], totals["reactions"], totals["gifts"]) == (200, 30, 12)
    assert totals["engaged"] == 4  # the one who chatted and watched 5 s is no viewer
    assert totals["rate"] == pytest.approx(0.8)


async def test_a_part_of_the_time_in_other_grains(show: Show) -> None:
    half = {"from": "2026-11-20T20:00:00Z", "to": "2026-11-20T20:15:00Z"}
    for grain, points in (("10s", 90), ("1m", 15), ("1h", 1), ("1d", 1)):
        chat = (await show.panels("chat", grain=grain, **half))["chat"]
        said = [event for event in show.events if isinstance(event, ChatMessage)]
        assert chat["totals"]["messages"] == sum(e.occurred_at < BEGAN + timedelta(minutes=15) for e in said)
        assert sum(row["messages"] for row in chat["series"]) == chat["totals"]["messages"]
        assert len(chat["series"]) == points, grain


async def test_all_panels_at_once_and_an_empty_stream(api: AsyncClient, show: Show) -> None:
    assert set(await show.panels("")) == set(PANEL_NAMES)
    empty = Show(show.creator, await show.creator.announce())
    for name, panel in (await empty.panels("")).items():
        assert not any(value for row in panel["series"] for value in row.values() if isinstance(value, int)), name


async def test_exports_hold_the_series(show: Show) -> None:
    path = f"/api/studio/streams/{show.stream}/export"
    series = (await show.panels("chat"))["chat"]["series"]
    answer = await show.creator.ask("GET", path, params={"panels": "chat", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["messages"]) for row in rows] == [row["messages"] for row in series]
    answer = await show.creator.ask("GET", path, params={"panels": "chat", "format": "json"})
    assert [row["messages"] for row in answer.json()] == [row["messages"] for row in series]
    answer = await show.creator.ask("GET", path, params={"panels": "retention", "format": "parquet"})
    assert answer.content[:4] == answer.content[-4:] == b"PAR1"
    empty = f"/api/studio/streams/{await show.creator.announce()}/export"
    assert (await show.creator.ask("GET", empty, params={"panels": "highlights", "format": "json"})).json() == []
    for panels, code in (("chat,gifts", "one_panel"), ("nonsense", "unknown_panel")):
        assert refusal(await show.creator.ask("GET", path, params={"panels": panels})) == (422, code)


@pytest.mark.parametrize(
    "params",
    [
        {"panels": "viewers,nonsense"},
        {"grain": "5m"},
        {"from": "yesterday"},
        {"from": "2026-11-20T20:00:00"},
        {"from": "2026-11-20T20:00:00Z", "to": "2026-11-20T20:00:00Z"},
        {"from": "0001-01-01T00:00:00Z"},
        {"to": "0001-01-01T00:00:00+14:00"},
        {"from": "2026-01-01T00:00:00Z", "grain": "10s"},
        {"from": "9999-12-31T00:00:00Z", "to": "9999-12-31T23:59:59-14:00"},
    ],
)
async def test_bad_questions_are_422(show: Show, params: dict[str, str]) -> None:
    answer = await show.creator.ask("GET", f"/api/studio/streams/{show.stream}/analytics", params=params)
    assert answer.status_code == 422, answer.text


async def test_only_the_creator_and_admins_may_look(api: AsyncClient, pool: Pool, show: Show) -> None:
    for what in ("analytics", "export?panels=chat", "analytics/export"):
        path = f"/api/studio/streams/{show.stream}/{what}"
        assert (await api.get(path, headers={"cookie": ""})).status_code == 401
        assert (await (await Person.creator(api)).ask("GET", path)).status_code == 403
        assert (await (await Person.admin(api, pool)).ask("GET", path)).status_code == 200
        assert (await show.creator.ask("GET", path.replace(show.stream, str(uuid7())))).status_code == 404
