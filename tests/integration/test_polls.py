"""Polls over REST: who may open them, one final vote, an end that comes by itself, and votes that race."""

import asyncio
from itertools import starmap
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from domain.interactions.polls.model import AlreadyVoted, Ballot, PollOver
from domain.interactions.polls.service import end_due
from domain.interactions.polls.voting import BallotBox
from livestreamx.engines.postgres import Pool, make_pool
from livestreamx.settings import Settings
from tests.integration.commanding import rows
from tests.integration.interacting import POLL, Scene, ban, open_poll, pass_time, scene, told, vote
from tests.integration.people import Person, refusal

VOTERS = 2000


async def look(on: Scene) -> dict[str, Any]:
    """The newest poll, as anybody sees it."""
    found: dict[str, Any] = (await on.viewer.ask("GET", f"{on.path}/polls")).json()["items"][0]
    return found


async def test_a_poll_runs_from_its_opening_to_its_result(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    poll = await open_poll(on)
    assert [choice["id"] for choice in poll["choices"]] == [1, 2, 3]
    assert (poll["state"], poll["by"], poll["turnout"]) == ("active", on.creator.handle, None)
    for person, choice in ((on.viewer, 2), (on.moderator, 2), (on.creator, 1)):
        answer = await vote(person, on, poll["id"], choice)
        assert (answer.status_code, answer.json()) == (201, {"pollId": poll["id"], "choiceId": choice})
    assert refusal(await vote(on.viewer, on, poll["id"], 1)) == (409, "already_voted")
    assert [choice["votes"] for choice in (await look(on))["choices"]] == [1, 2, 0]
    await pass_time(pool, "polls", on.stream, 61)
    assert refusal(await vote(await Person.register(api), on, poll["id"], 1)) == (409, "poll_over")
    while await end_due(pool):
        pass
    ended = await look(on)
    assert (ended["state"], ended["winner"], ended["tie"], ended["voters"]) == ("completed", 2, False, 3)
    (event,) = await told(pool, on.stream, "poll.ended")
    assert (event["votes"], event["winner"], event["state"]) == ([1, 2, 0], 2, "completed")
    assert len(await told(pool, on.stream, "poll.created")) == 1
    assert len(await told(pool, on.stream, "poll.voted")) == 3


async def test_one_poll_at_a_time_also_when_many_are_opened_at_once(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    answers = await asyncio.gather(*(on.creator.ask("POST", f"{on.path}/polls", json=POLL) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {refusal(answer) for answer in answers if answer.status_code == 409} == {(409, "poll_active")}
    poll = await look(on)
    ended = await on.moderator.ask("POST", f"{on.path}/polls/{poll['id']}/end")
    assert (ended.status_code, ended.json()["state"], ended.json()["winner"]) == (200, "terminated", None)
    assert refusal(await on.creator.ask("POST", f"{on.path}/polls/{poll['id']}/end")) == (409, "poll_over")
    assert (await on.moderator.ask("POST", f"{on.path}/polls", json=POLL)).status_code == 201
    assert len(await told(pool, on.stream, "poll.ended")) == 1


BAD: dict[str, dict[str, Any]] = {
    "no question": {"question": ""},
    "nothing to see": {"question": "\u200b\u202e"},
    "long question": {"question": "x" * 61},
    "one choice": {"choices": ["only"]},
    "six choices": {"choices": list("abcdef")},
    "long choice": {"choices": ["a", "b" * 26]},
    "the same twice": {"choices": ["Yes", " yes"]},
    "an invisible choice": {"choices": ["a", "\u200b"]},
    "too short": {"durationS": 14},
    "too long": {"durationS": 1801},
    "no number": {"durationS": "60"},
    "unknown field": {"html": "<b>"},
}


async def test_a_poll_that_does_not_fit_is_refused(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    for case, change in BAD.items():
        assert refusal(await on.creator.ask("POST", f"{on.path}/polls", json=POLL | change))[0] == 422, case
    assert (await on.viewer.ask("GET", f"{on.path}/polls")).json()["items"] == []


async def test_who_may_not_is_told_so(api: AsyncClient, pool: Pool) -> None:
    on, other = await scene(api, pool), await scene(api, pool)
    poll = await open_poll(on)
    assert refusal(await on.viewer.ask("POST", f"{on.path}/polls", json=POLL)) == (403, "forbidden")
    assert refusal(await on.viewer.ask("POST", f"{on.path}/polls/{poll['id']}/end")) == (403, "forbidden")
    assert refusal(await other.creator.ask("POST", f"{on.path}/polls", json=POLL)) == (403, "forbidden")
    assert refusal(await other.creator.ask("POST", f"{other.path}/polls/{poll['id']}/end")) == (404, "poll_not_found")
    assert refusal(await vote(on.viewer, other, poll["id"], 1)) == (404, "poll_not_found")
    assert refusal(await vote(on.viewer, on, str(uuid4()), 1)) == (404, "poll_not_found")
    assert refusal(await vote(on.viewer, on, poll["id"], 4)) == (422, "unknown_choice")
    assert refusal(await vote(on.viewer, on, poll["id"], 0))[0] == 422
    await ban(pool, on.creator, on.viewer)
    assert refusal(await vote(on.viewer, on, poll["id"], 1)) == (403, "banned")
    offline = await on.viewer.ask("GET", f"{on.path}/polls")
    assert offline.json()["items"][0]["voters"] == 0
    later = await on.creator.announce()
    assert refusal(await on.creator.ask("POST", f"/api/streams/{later}/polls", json=POLL)) == (409, "not_live")


async def test_a_poll_ends_with_its_stream_and_a_tie_is_one(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    poll = await open_poll(on)
    await vote(on.viewer, on, poll["id"], 1)
    await vote(on.moderator, on, poll["id"], 3)
    await on.creator.ask("POST", f"{on.path}/end")
    while await end_due(pool):
        pass
    ended = await look(on)
    assert (ended["state"], ended["winner"], ended["tie"]) == ("terminated", None, True)


async def test_polls_are_listed_page_by_page(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    made = []
    for _ in range(3):
        poll = await open_poll(on)
        made.append(poll["id"])
        await on.creator.ask("POST", f"{on.path}/polls/{poll['id']}/end")
    first = (await api.get(f"{on.path}/polls", params={"limit": 2})).json()
    rest = (await api.get(f"{on.path}/polls", params={"limit": 2, "cursor": first["nextCursor"]})).json()
    assert [poll["id"] for poll in first["items"] + rest["items"]] == made[::-1]
    assert rest["nextCursor"] is None


async def test_a_poll_that_is_over_stays_as_it_is(api: AsyncClient, pool: Pool) -> None:
    on = await scene(api, pool)
    poll = await open_poll(on)
    await vote(on.viewer, on, poll["id"], 1)
    await on.creator.ask("POST", f"{on.path}/polls/{poll['id']}/end")
    for statement in (
        "UPDATE polls SET state = 'active', ended_at = NULL, result = NULL WHERE id",
        "UPDATE polls SET state = 'completed' WHERE id",
        "UPDATE polls SET result = '{9,9,9}' WHERE id",
        "UPDATE poll_votes SET choice_id = 2 WHERE poll_id",
        "DELETE FROM poll_votes WHERE poll_id",
        "DELETE FROM polls WHERE id",
    ):
        with pytest.raises(Exception, match=r"only moves|only grows"):
            await rows(pool, f"{statement} = %s RETURNING 1", poll["id"])


async def make_people(pool: Pool, count: int) -> list[UUID]:
    found = await rows(
        pool,
        "INSERT INTO users (handle) SELECT 'v' || substr(md5(random()::text || n), 1, 15) "
        "FROM generate_series(1, %s) AS n RETURNING id",
        count,
    )
    return [row[0] for row in found]


async def test_racing_voters_are_counted_once_each(api: AsyncClient, pool: Pool, settings: Settings) -> None:
    """Everybody votes twice at once, at two ballot boxes."""
    on = await scene(api, pool)
    poll = UUID((await open_poll(on))["id"])
    people = await make_people(pool, VOTERS)
    doors = [make_pool(settings.postgres_url, most=2) for _ in range(2)]
    boxes = [BallotBox(door) for door in doors]
    for door, box in zip(doors, boxes, strict=True):
        await door.open()
        box.start()

    async def cast(number: int, user: UUID) -> tuple[UUID, int] | None:
        choice = number % 3 + 1
        try:
            await boxes[number % 2].vote(
                Ballot(stream_id=UUID(on.stream), poll_id=poll, user_id=user, choice_id=choice)
            )
        except AlreadyVoted:
            return None
        return user, choice

    answers = await asyncio.gather(*starmap(cast, enumerate([*people, *reversed(people)])))
    counted = [answer for answer in answers if answer]
    assert sorted(user for user, _ in counted) == sorted(people)
    kept = await rows(pool, "SELECT user_id, choice_id FROM poll_votes WHERE poll_id = %s", poll)
    assert sorted(kept) == sorted(counted)
    events = await told(pool, on.stream, "poll.voted")
    assert sorted((UUID(event["user_id"]), event["choice_id"]) for event in events) == sorted(counted)
    shown = await look(on)
    assert [choice["votes"] for choice in shown["choices"]] == [
        sum(choice == number for _, choice in counted) for number in (1, 2, 3)
    ]
    for door, box in zip(doors, boxes, strict=True):
        await box.close()
        await door.close()


async def test_a_vote_that_was_accepted_is_in_the_result_also_when_the_end_races_with_it(
    api: AsyncClient, pool: Pool, settings: Settings
) -> None:
    on = await scene(api, pool)
    poll = UUID((await open_poll(on))["id"])
    people = iter(await make_people(pool, 5000))
    door = make_pool(settings.postgres_url, most=2)
    box = BallotBox(door)
    await door.open()
    box.start()
    accepted, under_way = 0, asyncio.Event()

    async def keep_voting() -> None:
        nonlocal accepted
        for user in people:
            await box.vote(Ballot(stream_id=UUID(on.stream), poll_id=poll, user_id=user, choice_id=1))
            accepted += 1
            if accepted == 50:
                under_way.set()

    voters = [asyncio.create_task(keep_voting()) for _ in range(8)]
    await under_way.wait()
    ended = await on.creator.ask("POST", f"{on.path}/polls/{poll}/end")
    refused = await asyncio.gather(*voters, return_exceptions=True)
    assert {type(error) for error in refused} == {PollOver}
    assert accepted >= 50
    assert [choice["votes"] for choice in ended.json()["choices"]] == [accepted, 0, 0]
    assert (await told(pool, on.stream, "poll.ended"))[0]["votes"] == [accepted, 0, 0]
    await box.close()
    await door.close()
