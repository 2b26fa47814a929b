"""Boards over HTTP, as the leaderboards flow leaves them in Redis."""

import threading
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from bytewax.testing import TestingSource
from httpx import AsyncClient

from features.leaderboards import season_of, week_of
from livestreamx.clock import frozen, now, uuid7
from livestreamx.engines.redis import connect_plain
from livestreamx.events import ChatMessage, Event, GiftSent, PollVoted, QuestionAsked, QuestionUpvoted, ReactionSent
from livestreamx.settings import Settings
from pipelines import leaderboards
from pipelines.counting import chunk_writer, counting
from pipelines.fences import Fence
from pipelines.records import Chunk
from pipelines.run import Run, Sink
from tests.flows.chunks import chunks_of, run
from tests.integration.people import Person


def count(settings: Settings, chunks: Sequence[Chunk]) -> None:
    """Let the flow count chunks, under a name of its own so that no other test's fence is in the way."""
    with connect_plain(settings.redis_url) as redis:
        write = chunk_writer(Fence(redis, f"boards-{uuid7()}"), leaderboards.count)
        state = Run(threading.Event())
        run(counting("boards", TestingSource(chunks, 1), Sink(state, lambda: write)))
        assert state.error is None


class Game:
    """A stream, its creator and three viewers."""

    def __init__(self, creator: Person, stream: UUID, viewers: list[Person]) -> None:
        self.creator, self.stream, self.viewers = creator, stream, viewers

    def gift(self, viewer: int, tokens: int, paid: int, at: datetime) -> GiftSent:
        who = self.viewers[viewer]
        parts: dict[str, Any] = {"tokens": tokens, "paid": paid, "bonus": tokens - paid}
        return GiftSent(
            occurred_at=at,
            stream_id=self.stream,
            creator_id=self.creator.id,
            user_id=who.id,
            gift_event_id=uuid7(),
            code="HEART",
            qty=1,
            handle=who.handle,
            **parts,
        )

    def said(self, viewer: Person, at: datetime) -> ChatMessage:
        ids = {"stream_id": self.stream, "creator_id": self.creator.id, "user_id": viewer.id}
        return ChatMessage(occurred_at=at, message_id=uuid7(), handle=viewer.handle, text="hi", length=2, **ids)

    async def board(self, api: AsyncClient, name: str, **params: Any) -> list[tuple[int, str, int]]:
        asked = {"scope": "stream", "refId": str(self.stream), **params}
        answer = await api.get(f"/api/leaderboard/{name}", params=asked)
        assert answer.status_code == 200, answer.text
        return [(row["rank"], row["handle"], row["score"]) for row in answer.json()["items"]]


@pytest_asyncio.fixture(loop_scope="session")
async def game(api: AsyncClient) -> AsyncIterator[Game]:
    creator = await Person.creator(api)
    stream = UUID(await creator.go_live())
    yield Game(creator, stream, [await Person.register(api) for _ in range(3)])


async def test_all_tokens_make_gift_boards_and_paid_ones_creator_boards(
    api: AsyncClient, settings: Settings, game: Game
) -> None:
    at = now()
    events = [game.gift(0, 5, 0, at), game.gift(1, 50, 20, at), game.gift(0, 10, 10, at)]
    count(settings, chunks_of(events, topic="economy"))
    first, second, _ = game.viewers
    assert await game.board(api, "gifts") == [(1, second.handle, 50), (2, first.handle, 15)]
    assert await game.board(api, "creators") == [(1, game.creator.handle, 30)]
    assert await game.board(api, "engagement") == [(1, first.handle, 2), (2, second.handle, 1)]


async def test_of_equals_the_earlier_leads_whatever_came_first(
    api: AsyncClient, settings: Settings, game: Game
) -> None:
    at = now()
    late, early = game.gift(0, 25, 0, at + timedelta(seconds=9)), game.gift(1, 25, 0, at + timedelta(seconds=4))
    count(settings, chunks_of([late, early], topic="economy"))
    ahead = [handle for _, handle, _ in await game.board(api, "gifts")]
    assert ahead == [game.viewers[1].handle, game.viewers[0].handle]


async def test_a_creators_own_acts_do_not_count(api: AsyncClient, settings: Settings, game: Game) -> None:
    at = now()
    own: list[Event] = [game.said(game.creator, at), game.said(game.viewers[2], at)]
    ids = {"stream_id": game.stream, "creator_id": game.creator.id, "user_id": game.viewers[2].id}
    own.append(ReactionSent(occurred_at=at, mood="joy", **ids))
    count(settings, chunks_of(own))
    assert await game.board(api, "engagement") == [(1, game.viewers[2].handle, 2)]


async def test_votes_and_questions_are_taking_part(api: AsyncClient, settings: Settings, game: Game) -> None:
    at, (voter, asker, silent) = now(), game.viewers
    ids = {"stream_id": game.stream, "creator_id": game.creator.id, "occurred_at": at}
    question = uuid7()
    acts: list[Event] = [
        *(PollVoted(poll_id=uuid7(), choice_id=1, user_id=voter.id, **ids) for _ in range(3)),
        QuestionUpvoted(question_id=question, user_id=voter.id, **ids),
        QuestionAsked(question_id=question, handle=asker.handle, text="why?", user_id=asker.id, **ids),
        PollVoted(poll_id=uuid7(), choice_id=2, user_id=game.creator.id, **ids),
    ]
    count(settings, chunks_of(acts + acts[:2], topic="lifecycle"))
    assert await game.board(api, "engagement") == [(1, voter.handle, 4), (2, asker.handle, 1)]
    assert silent.handle not in {handle for _, handle, _ in await game.board(api, "engagement")}


async def test_weeks_and_seasons_keep_their_own_boards(api: AsyncClient, settings: Settings, game: Game) -> None:
    at = now()
    long_ago = at - timedelta(days=100)
    count(settings, chunks_of([game.gift(0, 7, 0, long_ago), game.gift(0, 3, 0, at)], topic="economy"))
    who = game.viewers[0]
    for scope, ref, score in (
        ("global", None, 10),
        ("weekly", None, 3),
        ("weekly", week_of(at)[0], 3),
        ("weekly", week_of(long_ago)[0], 7),
        ("season", season_of(at).ref, 3),
        ("season", season_of(long_ago).ref, 7),
    ):
        asked = {"scope": scope, "around": "me", "limit": "1"} | ({"refId": ref} if ref else {})
        with frozen(at):  # a week may end while the test runs
            answer = await who.ask("GET", "/api/leaderboard/gifts", params=asked)
        assert [(row["userId"], row["score"]) for row in answer.json()["items"]] == [(str(who.id), score)], scope
        assert answer.json()["asOf"]


async def test_around_me_is_my_place_among_my_neighbours(api: AsyncClient, settings: Settings, game: Game) -> None:
    at = now()
    count(settings, chunks_of([game.gift(n, 10 * (n + 1), 0, at) for n in range(3)], topic="economy"))
    params = {"scope": "stream", "refId": str(game.stream), "around": "me", "limit": "1"}
    middle = await game.viewers[1].ask("GET", "/api/leaderboard/gifts", params=params)
    assert [(row["rank"], row["score"]) for row in middle.json()["items"]] == [(2, 20)]
    stranger = await game.creator.ask("GET", "/api/leaderboard/gifts", params=params)
    assert stranger.json()["items"] == []


@pytest.mark.parametrize(
    ("name", "params", "status"),
    [
        ("gifts", {"scope": "stream"}, 422),
        ("gifts", {"scope": "stream", "refId": "nonsense"}, 422),
        ("gifts", {"scope": "weekly", "refId": "2026-w47:totals"}, 422),
        ("gifts", {"scope": "season", "refId": "\x00"}, 422),
        ("gifts", {"scope": "galaxy"}, 422),
        ("gifts", {"limit": "0"}, 422),
        ("gifts", {"limit": "101"}, 422),
        ("gifts", {"around": "you"}, 422),
        ("gifts", {"around": "me"}, 401),
        ("gifts", {"scope": "stream", "refId": str(uuid7())}, 200),
        ("xp", {}, 200),
    ],
)
async def test_questions_and_bad_questions(api: AsyncClient, name: str, params: dict[str, str], status: int) -> None:
    api.cookies.clear()
    assert (await api.get(f"/api/leaderboard/{name}", params=params)).status_code == status


async def test_an_unknown_board_is_refused(api: AsyncClient) -> None:
    assert (await api.get("/api/leaderboard/luck")).status_code in {404, 422}
