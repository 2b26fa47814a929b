"""What the dataflows find out reaches the sockets of the room: moods, boards, levels, badges, moments."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from livestreamx.clock import now, uuid7
from livestreamx.events import ChatMessage, Event, GiftSent, ReactionSent
from livestreamx.settings import Settings
from tests.builders import eventually, go_live
from tests.integration.flows import Dataflows, Log
from tests.integration.gateways import Viewer
from tests.integration.shows import Show

pytestmark = pytest.mark.usefixtures("farewell")

WINDOW = timedelta(seconds=10)


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
            assert (await viewer.first("mood:state"))["mood"] == "hype"
            board = await viewer.first("leaderboard:update")
            assert [(row["userId"], row["score"]) for row in board["items"]] == [(show.viewer.user_id, 1000)]
            assert await viewer.first("level:up") == {"userId": show.viewer.user_id, "level": 2, "xp": 100}
            badge = await viewer.first("badge:earned")
            assert (badge["userId"], badge["badge"], badge["name"]) == (show.viewer.user_id, "first_gift", "First gift")
            moment = await viewer.first("moment:detected")
            assert (moment["tokens"], moment["score"] >= 3) == (1000, True)
            assert viewer.seqs == sorted(viewer.seqs)
    finally:
        await asyncio.to_thread(running.stop)


class Dashboard:
    """The studio's socket of a stream of its own, and what it was told of the stream's pace."""

    def __init__(self, show: Show, viewer: Viewer) -> None:
        self.show, self.viewer = show, viewer

    async def paces(self) -> list[dict[str, Any]]:
        return [frame["data"] for frame in self.viewer.seen("analytics:tick")]

    async def saw_all_at_once(self) -> bool:
        """Whether a tick's window held all of the burst, once every act of it is counted."""
        told = await eventually(self.paces, lambda ticks: bool(ticks) and ticks[-1]["messages"] == 58)
        last = datetime.fromisoformat(told[-1]["asOf"])
        over = await eventually(self.paces, lambda ticks: datetime.fromisoformat(ticks[-1]["asOf"]) > last + WINDOW)
        whole = [tick for tick in over if tick["tokensInWindow"] == 1000 and tick["messagesPerSecond"] == 4.0]
        assert {tick["reactionZ"] for tick in whole if tick["reactionsPerSecond"] == 4.0} <= {40.0}
        assert (over[-1]["giftTokens"], over[-1]["viewers"]) == (1000, 0)
        return any(tick["reactionsPerSecond"] == 4.0 for tick in whole)


async def test_the_dashboard_of_the_creator_ticks_and_nobody_elses(
    show: Show, web: AsyncClient, settings: Settings
) -> None:
    """A window lasts ten seconds: a burst that is counted later than that is tried anew, on another stream."""
    running = await asyncio.to_thread(Dataflows, settings, "pulse", "engagement")
    try:
        log = Log(settings)

        async def try_burst() -> bool:
            creator, stream = await go_live(web)
            of_its_own = Show(show.url, stream, creator, show.viewer)
            dashboard = Dashboard(of_its_own, await of_its_own.enter(creator, "/ws/studio"))
            curious = await of_its_own.enter(show.viewer, "/ws/studio")
            await asyncio.to_thread(log.write, happenings(of_its_own, now() + timedelta(seconds=2)))
            saw = await dashboard.saw_all_at_once()
            assert not curious.seen("analytics:tick")
            return saw

        await eventually(try_burst, bool, 180)
    finally:
        await asyncio.to_thread(running.stop)
