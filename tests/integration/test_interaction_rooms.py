"""Polls, questions, challenges and raids in the rooms of a running platform: a creator, a moderator and two viewers."""

import asyncio
from typing import Any

import httpx
import pytest
from psycopg import AsyncConnection

from livestreamx.client import Account, Refused, Room
from livestreamx.stack.platform import Platform
from tests.builders import eventually, go_live, make_user
from tests.integration.watching import Watcher, state_for_newcomer

POLL = {"question": "Which game next?", "choices": ["Chess", "Go"], "durationS": 600}


async def make_moderator(http: httpx.AsyncClient, creator: Account) -> Account:
    moderator = await make_user(http)
    path = f"/api/creators/{creator.user_id}/moderators/{moderator.user_id}"
    answer = await http.put(path, headers={"Authorization": f"Bearer {creator.access}"})
    assert answer.is_success, answer.text
    return moderator


async def refused(room: Room, event: str, **data: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await room.ask(event, **data)
    return refusal.value.code


async def let_it_end(platform: Platform, poll: str) -> None:
    """Let the time of a poll be over."""
    async with await AsyncConnection.connect(platform.settings.postgres_url) as db, db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")  # time may do what no statement may
        await db.execute("UPDATE polls SET ends_at = now() WHERE id = %s", (poll,))


async def room_state_without(http: httpx.AsyncClient, stream: str, part: str) -> None:
    """Wait until newcomers are told of no such thing any more."""

    async def told() -> Any:
        return (await state_for_newcomer(http, stream))[part]

    await eventually(told, lambda found: found is None)


async def test_a_poll_of_a_moderator_is_voted_shown_and_ended_by_itself(
    http: httpx.AsyncClient, platform: Platform
) -> None:
    creator, stream = await go_live(http)
    moderator, fans = await make_moderator(http, creator), [await make_user(http) for _ in range(2)]
    watcher, base = Watcher(), str(http.base_url)
    async with (
        Room(base, stream, moderator) as desk,
        Room(base, stream, fans[0], on_frame=watcher.frames.append) as room,
        Room(base, stream, fans[1]) as other,
    ):
        assert await refused(room, "poll:create", **POLL) == "forbidden"
        poll = (await desk.ask("poll:create", **POLL))["pollId"]
        assert await refused(desk, "poll:create", **POLL) == "poll_active"
        shown = await watcher.wait("poll:update", pollId=poll)
        assert (shown["question"], shown["by"], shown["voters"]) == (POLL["question"], moderator.handle, 0)
        assert await room.ask("poll:vote", pollId=poll, choiceId=2) == {"pollId": poll, "choiceId": 2}
        await other.ask("poll:vote", pollId=poll, choiceId=2)
        assert await refused(room, "poll:vote", pollId=poll, choiceId=1) == "already_voted"
        assert await refused(room, "poll:update", pollId=poll) == "server_only_event"
        counted = await watcher.wait("poll:update", pollId=poll, voters=2)
        assert [choice["votes"] for choice in counted["choices"]] == [0, 2]
        assert (await state_for_newcomer(http, stream))["poll"] == counted
        await let_it_end(platform, poll)
        end = await watcher.wait("poll:end", pollId=poll)
        assert (end["state"], end["winner"], end["tie"], end["voters"]) == ("completed", 2, False, 2)
        assert end["results"] == counted["choices"]
    await room_state_without(http, stream, "poll")
    assert len(watcher.seen("poll:end")) == 1


async def test_questions_are_asked_voted_and_answered(http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    moderator, fan, friend = await make_moderator(http, creator), await make_user(http), await make_user(http)
    watcher, base = Watcher(), str(http.base_url)
    async with (
        Room(base, stream, moderator) as desk,
        Room(base, stream, fan, on_frame=watcher.frames.append) as room,
        Room(base, stream, friend) as other,
    ):
        question = (await room.ask("qa:ask", text="What <b>deck</b> is that?"))["questionId"]
        shown = await watcher.wait("qa:update", questionId=question)
        assert (shown["text"], shown["handle"], shown["votes"]) == ("What <b>deck</b> is that?", fan.handle, 0)
        assert await refused(room, "qa:ask", text="and now?") == "rate_limited"
        assert (await other.ask("qa:upvote", questionId=question))["votes"] == 1
        await watcher.wait("qa:update", questionId=question, votes=1)

        async def listed() -> Any:
            return (await state_for_newcomer(http, stream))["questions"]

        await eventually(listed, lambda found: [one["votes"] for one in found] == [1])
        assert await refused(other, "qa:answer", questionId=question) == "forbidden"
        assert (await desk.ask("qa:answer", questionId=question))["state"] == "answered"
        await watcher.wait("qa:update", questionId=question, state="answered")
        await eventually(listed, lambda found: found == [])
        assert await refused(other, "qa:upvote", questionId=question) == "question_closed"


async def test_a_challenge_counts_what_the_room_does_and_rewards_it(http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    moderator, fan = await make_moderator(http, creator), await make_user(http)
    watcher, base = Watcher(), str(http.base_url)
    async with (
        Room(base, stream, moderator) as desk,
        Room(base, stream, fan, on_frame=watcher.frames.append) as room,
    ):
        asked = {"type": "chat_messages", "target": 2, "durationS": 600, "reward": "I sing"}
        challenge = (await desk.ask("challenge:start", **asked))["challengeId"]
        await watcher.wait("challenge:update", challengeId=challenge, state="pending")
        await watcher.wait("challenge:update", challengeId=challenge, state="active")
        assert (await state_for_newcomer(http, stream))["challenge"]["challengeId"] == challenge
        for text in ("here I am", "and again"):
            await room.ask("chat:message", text=text)
        done = await watcher.wait("challenge:update", challengeId=challenge, state="completed")
        assert (done["progress"], done["contributors"], done["reward"]) == (2, 1, "I sing")
        assert await refused(desk, "challenge:cancel", challengeId=challenge) == "challenge_over"
    await room_state_without(http, stream, "challenge")


async def test_a_raid_takes_one_room_to_another(http: httpx.AsyncClient) -> None:
    (creator, stream), (target, there) = await go_live(http), await go_live(http)
    fan, here, arrived = await make_user(http), Watcher(), Watcher()
    base = str(http.base_url)
    async with (
        Room(base, stream, fan, on_frame=here.frames.append),
        Room(base, there, on_frame=arrived.frames.append),
    ):
        await creator.call("POST", f"/api/streams/{stream}/raid", {"targetId": there})
        start = await here.wait("raid:start")
        assert start["target"] == {"streamId": there, "creator": target.handle, "title": "Fall Guys with friends"}
        go, arrive = await asyncio.gather(here.wait("raid:go"), arrived.wait("raid:arrive"))
        assert (go["raidId"], go["target"]) == (start["raidId"], start["target"])
        assert (arrive["creator"], arrive["streamId"]) == (creator.handle, stream)
