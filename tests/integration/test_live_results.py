"""What the dataflows find out reaches the sockets of the room: moods, boards, levels, badges, moments."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from livestreamx.clock import now, uuid7
from livestreamx.events import ChatMessage, Event, GiftSent, ReactionSent
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.flows import Dataflows, Log
from tests.integration.gateways import Viewer
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")


def happenings(show: Show, at: datetime) -> list[Event]:
    """Three quiet minutes, and at `at` ten seconds of talk, hype and a large gift."""
    ids: dict[str, Any] = {"stream_id": UUID(show.stream), "creator_id": UUID(show.creator.user_id)}
    people = [uuid7() for _ in range(5)]
    said = {"handle": "h", "text": "hi", "length": 2}
    events: list[Event] = [
        ChatMessage(occurred_at=at - timedelta(seconds=10 * back), message_id=uuid7(), user_id=people[0], **said, **ids)
        for back in range(18, 0, -1)
    ]
    for number in range(40):
        moment = at + timedelta(milliseconds=50 * number)
        events.append(ReactionSent(occurred_at=moment, mood="hype", user_id=people[number % 5], **ids))
        events.append(ChatMessage(occurred_at=moment, message_id=uuid7(), user_id=people[number % 5], **said, **ids))
    giver = UUID(show.viewer.user_id)
    gift = {"code": "CROWN", "name": "Crown", "qty": 1, "tokens": 1000, "paid": 1000, "bonus": 0}
    return [*events, GiftSent(occurred_at=at, gift_event_id=uuid7(), handle="giver", user_id=giver, **gift, **ids)]


async def test_results_reach_every_socket_of_the_room(show: Show, settings: Settings) -> None:
    reader = await show.enter()
    other = await Viewer(show.url, show.stream).open()
    running = await asyncio.to_thread(Dataflows, settings, "progress", "leaderboards", "mood", "highlights")
    try:
        log = Log(settings)
        await asyncio.to_thread(log.write, happenings(show, now() - timedelta(seconds=3)))
        for viewer in (reader, other):
            assert (await viewer.first("mood:state", 30))["mood"] == "hype"
            board = await viewer.first("leaderboard:update")
            assert [(row["userId"], row["score"]) for row in board["items"]] == [(show.viewer.user_id, 1000)]
            assert await viewer.first("level:up") == {"userId": show.viewer.user_id, "level": 2, "xp": 100}
            badge = await viewer.first("badge:earned")
            assert (badge["userId"], badge["badge"], badge["name"]) == (show.viewer.user_id, "first_gift", "First gift")
            moment = await viewer.first("moment:detected", 30)
            assert (moment["tokens"], moment["score"] >= 3) == (1000, True)
            assert viewer.seqs == sorted(viewer.seqs)
    finally:
        await asyncio.to_thread(running.stop)


async def test_the_dashboard_of_the_creator_ticks_and_nobody_elses(show: Show, settings: Settings) -> None:
    dashboard = await show.enter(show.creator, "/ws/studio")
    curious = await show.enter(show.viewer, "/ws/studio")
    running = await asyncio.to_thread(Dataflows, settings, "pulse", "engagement")
    try:
        log = Log(settings)
        at = now() + timedelta(seconds=2)
        await asyncio.to_thread(log.write, happenings(show, at))

        async def paces() -> list[dict[str, Any]]:
            return [frame["data"] for frame in dashboard.frames if frame["event"] == "analytics:tick"]

        def whole(tick: dict[str, Any]) -> bool:
            """Whether its window holds all of the burst: a tick in the midst of it holds a part."""
            return (tick["tokensInWindow"], tick["reactionsPerSecond"], tick["messagesPerSecond"]) == (1000, 4.0, 4.0)

        ticks = await eventually(paces, lambda ticks: any(map(whole, ticks)), 30)
        assert next(filter(whole, ticks))["reactionZ"] == 40.0
        totals = await eventually(paces, lambda ticks: ticks[-1]["messages"] == 58, 30)
        assert (totals[-1]["giftTokens"], totals[-1]["viewers"]) == (1000, 0)
        assert "analytics:tick" not in {frame["event"] for frame in curious.frames}
    finally:
        await asyncio.to_thread(running.stop)
