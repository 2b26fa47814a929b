"""Questions over REST: asked once a minute, voted up once a person, closed once, and kept after the end."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from domain.interactions.questions.service import expire_left_open
from livestreamx.engines.postgres import Pool
from tests.integration.commanding import rows
from tests.integration.interacting import Scene, ban, scene, told
from tests.integration.people import Person, refusal


async def ask(person: Person, on: Scene, text: str = "Which keyboard is that?") -> str:
    answer = await person.ask("POST", f"{on.path}/questions", json={"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def act(person: Person, on: Scene, question: str, what: str) -> Any:
    return await person.ask("POST", f"{on.path}/questions/{question}/{what}")


async def listed(on: Scene, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await on.viewer.api.get(f"{on.path}/questions", params=query)).json()["items"]
    return found


async def test_questions_are_ordered_by_votes_and_closed_once(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    first = await ask(on.viewer, on, "<b>What</b> is\tnext?")
    second = await ask(on.moderator, on)
    voters = [await Person.register(api) for _ in range(3)]
    for voter in voters:
        assert (await act(voter, on, second, "upvote")).json()["votes"] == voters.index(voter) + 1
    assert [(one["id"], one["votes"], one["text"]) for one in await listed(on)] == [
        (second, 3, "Which keyboard is that?"),
        (first, 0, "<b>What</b> is next?"),
    ]
    assert refusal(await act(voters[0], on, second, "upvote")) == (409, "already_upvoted")
    assert refusal(await act(on.moderator, on, second, "upvote")) == (409, "own_question")
    answered = await act(on.moderator, on, second, "answer")
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    for what in ("answer", "dismiss", "upvote"):
        assert refusal(await act(on.creator, on, second, what)) == (409, "question_closed")
    assert (await act(on.creator, on, first, "dismiss")).json()["state"] == "dismissed"
    assert await listed(on, status="open") == []
    (event,) = await told(pool, on.stream, "qa.answered")
    assert (event["user_id"], event["answered_by"], event["votes"]) == (
        str(on.moderator.id), str(on.moderator.id), 3,
    )  # fmt: skip
    assert [len(await told(pool, on.stream, f"qa.{what}")) for what in ("asked", "upvoted", "dismissed")] == [2, 3, 1]


async def test_one_question_a_minute_which_a_refused_one_does_not_use_up(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    for text in ("", "\u200b", " \u2028 ", "x" * 201):
        assert refusal(await on.viewer.ask("POST", f"{on.path}/questions", json={"text": text}))[0] == 422
    await ask(on.viewer, on)
    refused = await on.viewer.ask("POST", f"{on.path}/questions", json={"text": "and now?"})
    assert refusal(refused) == (429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert len(await listed(on)) == 1


async def test_racing_votes_of_one_person_count_once(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    question = await ask(on.viewer, on)
    voters = [on.creator, on.moderator]
    answers = await asyncio.gather(*(act(voter, on, question, "upvote") for voter in voters * 8))
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [409] * 14
    assert (await listed(on))[0]["votes"] == 2
    assert len(await told(pool, on.stream, "qa.upvoted")) == 2


async def test_who_may_not_is_told_so(api: AsyncClient, pool: Pool) -> None:
    on, other = await scene(api, pool), await scene(api, pool)
    question = await ask(on.viewer, on)
    assert refusal(await act(on.viewer, on, question, "answer")) == (403, "forbidden")
    assert refusal(await act(on.viewer, on, question, "dismiss")) == (403, "forbidden")
    assert refusal(await act(other.creator, other, question, "answer")) == (404, "question_not_found")
    assert refusal(await act(on.creator, on, str(uuid4()), "upvote")) == (404, "question_not_found")
    fan = await Person.register(api)
    await ban(pool, on.creator, fan)
    assert refusal(await act(fan, on, question, "upvote")) == (403, "banned")
    assert refusal(await fan.ask("POST", f"{on.path}/questions", json={"text": "me?"})) == (403, "banned")
    assert (await listed(on))[0]["votes"] == 0


async def test_what_a_stream_leaves_open_expires_and_stays_readable(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    question = await ask(on.viewer, on)
    await on.creator.ask("POST", f"{on.path}/end")
    assert refusal(await act(on.creator, on, question, "upvote")) == (409, "not_live")
    while await expire_left_open(pool):
        pass
    assert [one["state"] for one in await listed(on)] == ["expired"]
    assert len(await told(pool, on.stream, "qa.expired")) == 1
    assert refusal(await act(on.creator, on, question, "answer")) == (409, "question_closed")
    with pytest.raises(Exception, match="a question only"):
        await rows(pool, "UPDATE questions SET votes = 9 WHERE id = %s RETURNING 1", question)


async def test_the_list_goes_on_where_it_ended_also_among_equals(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    asked = [await ask(person, on) for person in (on.viewer, on.moderator, await Person.register(api))]
    await act(on.creator, on, asked[2], "upvote")
    seen, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(f"{on.path}/questions", params=query)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [asked[2], asked[0], asked[1]]
