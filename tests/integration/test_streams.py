"""Streams and follows from outside: announcing, the state machine, lists, visibility, and their events."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.engines.postgres import Pool
from tests.integration.people import Person, events_of, refusal


async def test_announcing_a_stream(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    given = {
        "title": " <b>Fall Guys</b> with\nfriends ",
        "category": "Fall Guys",
        "tags": ["party", "party", "fun"],
        "language": "en",
        "scheduledAt": "2027-01-30T19:00:00+01:00",
        "mature": True,
    }
    made = (await creator.ask("POST", "/api/streams", json=given)).json()
    assert made["title"] == "<b>Fall Guys</b> with friends"
    assert made["tags"] == ["party", "fun"]
    assert made["status"] == "scheduled"
    assert made["scheduledAt"] == "2027-01-30T18:00:00Z"
    assert (made["creator"], made["creatorId"]) == (creator.handle, str(creator.id))
    shown = (await api.get(f"/api/streams/{made['id']}")).json()
    assert shown == made
    assert shown["viewers"] == {"count": 0, "handles": []}
    assert shown["metrics"] == {"chatCount": 0, "giftSum": 0, "avgWatchMs": None, "asOf": None}
    assert await events_of(pool, made["id"], "stream.scheduled") == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "x" * 141},
        {"title": "\u200b\u202e"},
        {"title": "ok", "tags": ["a"] * 6},
        {"title": "ok", "tags": ["a" * 41]},
        {"title": "ok", "visibility": "secret"},
        {"title": "ok", "scheduledAt": "tomorrow"},
        {"title": "ok", "scheduledAt": "2027-01-30T19:00:00"},
        {"title": "ok", "language": "not a language"},
        {"title": "ok", "status": "live"},
        {"title": "ok", "creatorId": str(uuid4())},
    ],
)
async def test_bad_announcements_are_refused(api: AsyncClient, body: dict[str, Any]) -> None:
    creator = await Person.creator(api)
    status, _ = refusal(await creator.ask("POST", "/api/streams", json=body))
    assert status == 422
    assert (await creator.ask("GET", "/api/me/streams")).json()["items"] == []


async def test_a_stream_lives_its_life(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.announce()
    path = [("start", "live"), ("end", "ended"), ("archive", "archived")]
    acts = {"start", "end", "archive", "cancel"}
    for act, status in path:
        for wrong in acts - {act} - ({"cancel"} if act == "start" else set()):
            answer = await creator.ask("POST", f"/api/streams/{stream}/{wrong}")
            assert refusal(answer) == (409, "illegal_transition"), wrong
        moved = await creator.ask("POST", f"/api/streams/{stream}/{act}")
        assert moved.json()["status"] == status
    assert moved.json()["startedAt"] <= moved.json()["endedAt"]
    for act in acts:
        assert refusal(await creator.ask("POST", f"/api/streams/{stream}/{act}")) == (409, "illegal_transition")
    for kind in ("stream.scheduled", "stream.started", "stream.ended", "stream.archived"):
        assert await events_of(pool, stream, kind) == 1, kind


async def test_cancelling(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.announce()
    assert (await creator.ask("POST", f"/api/streams/{stream}/cancel")).json()["status"] == "cancelled"
    assert refusal(await creator.ask("POST", f"/api/streams/{stream}/start")) == (409, "illegal_transition")
    assert await events_of(pool, stream, "stream.cancelled") == 1


async def test_one_live_stream_a_creator_even_in_a_race(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    ids = [await creator.announce() for _ in range(4)]
    answers = await asyncio.gather(*(creator.ask("POST", f"/api/streams/{stream}/start") for stream in ids))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {refusal(answer) for answer in answers if answer.is_error} == {(409, "already_live")}
    assert sum([await events_of(pool, stream, "stream.started") for stream in ids]) == 1


async def test_of_two_starts_at_once_one_counts(api: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(api)
    stream = await creator.announce()
    answers = await asyncio.gather(*(creator.ask("POST", f"/api/streams/{stream}/start") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await events_of(pool, stream, "stream.started") == 1


async def test_only_its_owner_or_an_admin_moves_a_stream(api: AsyncClient, pool: Pool) -> None:
    owner, other, viewer = await Person.creator(api), await Person.creator(api), await Person.register(api)
    stream = await owner.announce()
    for stranger in (other, viewer):
        for act in ("start", "end", "archive", "cancel"):
            assert refusal(await stranger.ask("POST", f"/api/streams/{stream}/{act}")) == (403, "not_owner")
    assert refusal(await viewer.ask("POST", "/api/streams", json={"title": "x"})) == (403, "role_required")
    admin = await Person.admin(api, pool)
    assert (await admin.ask("POST", f"/api/streams/{stream}/start")).json()["status"] == "live"
    entries = (await admin.ask("GET", "/api/admin/audit")).json()["items"]
    noted = [entry for entry in entries if entry["subject"] == f"stream:{stream}"]
    assert [(e["actorId"], e["action"], e["before"], e["after"]) for e in noted] == [
        (str(admin.id), "stream.start", {"status": "scheduled"}, {"status": "live"})
    ]


async def test_a_private_stream_does_not_exist_for_others(api: AsyncClient) -> None:
    owner, other = await Person.creator(api), await Person.creator(api)
    stream = await owner.announce(visibility="private")
    missing = (404, "stream_not_found")
    assert refusal(await api.get(f"/api/streams/{stream}")) == missing
    assert refusal(await other.ask("GET", f"/api/streams/{stream}")) == missing
    assert refusal(await other.ask("POST", f"/api/streams/{stream}/start")) == missing
    assert (await owner.ask("GET", f"/api/streams/{stream}")).status_code == 200
    assert refusal(await api.get(f"/api/streams/{uuid4()}")) == missing


async def test_lists_show_public_streams_page_by_page(api: AsyncClient) -> None:
    creator, category = await Person.creator(api), f"Game {uuid4().hex[:8]}"
    public = [await creator.announce(category=category) for _ in range(5)]
    hidden = [await creator.announce(category=category, visibility=kind) for kind in ("private", "unlisted")]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        query = {"category": category.upper(), "limit": 2, **cursor}
        page = (await api.get("/api/streams", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert seen == public[::-1]
    mine = (await creator.ask("GET", "/api/me/streams")).json()["items"]
    assert {item["id"] for item in mine} == {*public, *hidden}
    await creator.ask("POST", f"/api/streams/{public[0]}/start")
    live = (await api.get("/api/streams", params={"category": category, "status": "live"})).json()["items"]
    assert [item["id"] for item in live] == [public[0]]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "-1"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "9" * 400},
        {"limit": "x"},
        {"cursor": "%%%"},
        {"cursor": "AAAA"},
        {"cursor": "W1tbW1tb"},
        {"status": "sleeping"},
        {"category": "nul\u0000"},
        {"category": "x" * 81},
    ],
)
async def test_bad_queries_are_refused(api: AsyncClient, query: dict[str, str]) -> None:
    status, _ = refusal(await api.get("/api/streams", params=query))
    assert status == 422


async def test_a_stream_shows_the_numbers_of_the_moment(api: AsyncClient, redis: AsyncRedis) -> None:
    creator = await Person.creator(api)
    stream, now = await creator.go_live(), int(time.time() * 1000)
    mood = (
        b'{"mood":"hype","intensity":0.75,"shares":{"hype":0.75,"joy":0.25},"reactors":8,'
        b'"since":"2027-01-30T18:00:00Z","asOf":"2027-01-30T18:00:05Z"}'
    )
    await redis.set(keys.mood(stream), mood)
    await redis.zadd(keys.room_viewers(stream), {"a": now, "b": now - 30_000, "gone": now - 60_000})
    totals = {"messages": 7, "reactions": 3, "gifts": 2, "tokens": 105, "watchedMs": 90_000, "watchers": 2}
    await redis.hset(keys.stream_metrics(stream), mapping=totals | {"asOf": 1801332005000})  # type: ignore[arg-type]
    shown = (await api.get(f"/api/streams/{stream}")).json()
    assert shown["viewers"]["count"] == 2
    assert shown["moodState"]["mood"] == "hype"
    assert shown["moodState"]["shares"] == {"hype": 0.75, "joy": 0.25}
    assert shown["metrics"] == {
        "chatCount": 7,
        "giftSum": 105,
        "avgWatchMs": 45_000,
        "asOf": "2027-01-30T18:00:05Z",
    }


async def test_following_is_idempotent_and_told_once(api: AsyncClient, pool: Pool) -> None:
    creator, fan = await Person.creator(api), await Person.register(api)
    follow = f"/api/creators/{creator.id}/follow"
    answers = await asyncio.gather(*(fan.ask("PUT", follow) for _ in range(4)))
    assert sorted(answer.json()["changed"] for answer in answers) == [False, False, False, True]
    assert await events_of(pool, creator.id, "follow.added") == 1
    profile = (await fan.ask("GET", f"/api/users/{creator.handle}")).json()
    assert (profile["followers"], profile["following"]) == (1, True)
    assert (await api.get(f"/api/users/{creator.handle}")).json()["following"] is False
    stream = await creator.go_live()
    (followed,) = (await fan.ask("GET", "/api/me/following")).json()["items"]
    assert (followed["handle"], followed["liveStreamId"]) == (creator.handle, stream)
    for changed in (True, False):
        assert (await fan.ask("DELETE", follow)).json() == {"following": False, "changed": changed}
    assert await events_of(pool, creator.id, "follow.removed") == 1
    assert (await fan.ask("GET", "/api/me/following")).json()["items"] == []


async def test_whom_one_cannot_follow(api: AsyncClient) -> None:
    creator, viewer = await Person.creator(api), await Person.register(api)
    assert refusal(await creator.ask("PUT", f"/api/creators/{creator.id}/follow")) == (403, "self_follow")
    assert refusal(await creator.ask("PUT", f"/api/creators/{viewer.id}/follow")) == (404, "creator_not_found")
    assert refusal(await creator.ask("PUT", f"/api/creators/{uuid4()}/follow")) == (404, "user_not_found")
    assert refusal(await api.put(f"/api/creators/{creator.id}/follow")) == (401, "unauthenticated")


async def test_following_page_by_page(api: AsyncClient) -> None:
    fan = await Person.register(api)
    creators = [await Person.creator(api) for _ in range(3)]
    for creator in creators:
        await fan.ask("PUT", f"/api/creators/{creator.id}/follow")
    first = (await fan.ask("GET", "/api/me/following", params={"limit": 2})).json()
    second = (await fan.ask("GET", "/api/me/following", params={"limit": 2, "cursor": first["nextCursor"]})).json()
    handles = [item["handle"] for item in first["items"] + second["items"]]
    assert handles == [creator.handle for creator in creators[::-1]]
    assert second["nextCursor"] is None
