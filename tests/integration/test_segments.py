"""Clips in a show: in the order of the queue, one at a time, each to its end, and every move told once."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.interactions.keeper import Keeper
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.settings import Settings
from tests.integration.clips import LONG_SECONDS, long_clip_of
from tests.integration.commanding import rows
from tests.integration.interacting import told
from tests.integration.people import Person, refusal

KINDS = ("queued", "moved", "loading", "started", "played", "skipped", "failed")


class Show:
    """A creator's stream and clips, and a keeper that is called by hand."""

    def __init__(self, creator: Person, stream: str, pool: Pool, keeper: Keeper) -> None:
        self.creator, self.stream, self.pool, self.keeper = creator, stream, pool, keeper
        self.path = f"/api/streams/{stream}/segments"

    async def insert(self, vod: dict[str, Any], insert: Any = "next") -> str:
        answer = await self.creator.ask("POST", self.path, json={"vodId": vod["id"], "insert": insert})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def queue(self) -> list[tuple[str, str]]:
        """Id and state of what is on air, waits, or was on air."""
        answer = await self.creator.ask("GET", self.path)
        return [(segment["id"], segment["state"]) for segment in answer.json()["items"]]

    async def look(self) -> list[tuple[str, str]]:
        """The queue, once the keeper has done what is due."""
        await self.keeper.advance_segments()
        return await self.queue()

    async def pass_time(self, seconds: float) -> None:
        async with transaction(self.pool) as db:
            await db.execute(
                "UPDATE segments SET started_at = started_at - %(s)s, due_at = due_at - %(s)s, "
                "plays_at = plays_at - %(s)s WHERE stream_id = %(on)s",
                {"s": timedelta(seconds=seconds), "on": self.stream},
            )

    async def events(self) -> list[tuple[str, str]]:
        """Kind and segment of all that the outbox tells."""
        found = await rows(
            self.pool,
            "SELECT convert_from(payload, 'UTF8')::jsonb FROM outbox WHERE key = %s "
            "AND convert_from(payload, 'UTF8')::jsonb ->> 'type' LIKE 'segment.%%' ORDER BY seq",
            self.stream,
        )
        return [(row[0]["type"].partition(".")[2], row[0]["segment_id"]) for row in found]


async def show_of(api: AsyncClient, pool: Pool, redis: AsyncRedis, settings: Settings, *, live: bool = True) -> Show:
    creator = await Person.creator(api)
    stream = await (creator.go_live() if live else creator.announce())
    return Show(creator, stream, pool, Keeper(pool, redis, settings))


@pytest.fixture
async def show(api: AsyncClient, pool: Pool, redis: AsyncRedis, settings: Settings) -> Show:
    return await show_of(api, pool, redis, settings)


async def test_clips_follow_one_another_each_to_its_end(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    first, second = await show.insert(clip), await show.insert(clip)
    assert await show.queue() == [(first, "queued"), (second, "queued")]
    assert await show.look() == [(first, "playing"), (second, "queued")]
    await show.pass_time(LONG_SECONDS / 2)
    assert await show.look() == [(first, "playing"), (second, "queued")]
    await show.pass_time(LONG_SECONDS / 2)
    assert await show.look() == [(second, "playing"), (first, "played")]
    await show.pass_time(LONG_SECONDS)
    assert await show.look() == [(second, "played"), (first, "played")]
    assert await show.look() == [(second, "played"), (first, "played")]
    assert await show.events() == [
        ("queued", first),
        ("queued", second),
        ("loading", first),
        ("started", first),
        ("played", first),
        ("loading", second),
        ("started", second),
        ("played", second),
    ]


async def test_now_takes_the_place_of_what_is_on_air(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    first, waiting = await show.insert(clip), await show.insert(clip)
    await show.look()
    urgent = await show.insert(clip, "now")
    assert await show.look() == [(urgent, "playing"), (waiting, "queued"), (first, "skipped")]
    (skipped,) = await told(show.pool, show.stream, "segment.skipped")
    assert (skipped["reason"], skipped["user_id"]) == ("replaced", str(show.creator.id))
    moved = await show.creator.ask("PATCH", f"{show.path}/{waiting}", json={"insert": "now"})
    assert moved.json()["state"] == "loading"
    assert (await show.look())[:2] == [(waiting, "playing"), (urgent, "skipped")]


async def test_the_queue_is_put_in_order(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    playing = await show.insert(clip)
    await show.look()
    a, b, c = [await show.insert(clip) for _ in range(3)]

    async def waiting() -> list[str]:
        return [segment for segment, state in await show.queue() if state == "queued"]

    async def put(segment: str, insert: Any) -> int | None:
        answer = await show.creator.ask("PATCH", f"{show.path}/{segment}", json={"insert": insert})
        assert answer.status_code == 200, answer.text
        index: int | None = answer.json()["index"]
        return index

    assert await put(c, 0) == 0
    assert await waiting() == [c, a, b]
    assert await put(a, 2) == 2
    assert await waiting() == [c, b, a]
    assert await put(c, "next") == 2
    assert await put(c, 49) == 2
    assert await waiting() == [b, a, c]
    d = await show.insert(clip, 1)
    assert await waiting() == [b, d, a, c]
    assert len(await told(show.pool, show.stream, "segment.moved")) == 3  # what stays where it is does not move
    assert refusal(await show.creator.ask("PATCH", f"{show.path}/{playing}", json={"insert": 0})) == (
        409,
        "segment_on_air",
    )


async def test_a_clip_with_a_time_waits_for_it_and_then_comes_first(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    at = (now() + timedelta(minutes=5)).isoformat()
    timed = await show.insert(clip, at)
    assert await show.look() == [(timed, "queued")]
    first, second = await show.insert(clip), await show.insert(clip)
    assert await show.look() == [(first, "playing"), (second, "queued"), (timed, "queued")]
    await show.pass_time(LONG_SECONDS)
    assert (await show.look())[:2] == [(timed, "playing"), (second, "queued")]


async def test_a_clip_is_taken_out_or_skipped_once(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    first, second, third = [await show.insert(clip) for _ in range(3)]
    await show.look()
    removed = await show.creator.ask("DELETE", f"{show.path}/{second}")
    assert (removed.json()["state"], removed.json()["reason"]) == ("skipped", "removed")
    assert await show.queue() == [(first, "playing"), (third, "queued")]
    skipped = await show.creator.ask("DELETE", f"{show.path}/{first}")
    assert (skipped.json()["state"], skipped.json()["reason"]) == ("skipped", "skipped")
    assert (await show.look())[0] == (third, "playing")
    for over in (first, second):
        assert refusal(await show.creator.ask("DELETE", f"{show.path}/{over}")) == (409, "segment_over")
    assert refusal(await show.creator.ask("PATCH", f"{show.path}/{first}", json={"insert": 0})) == (409, "segment_over")


async def test_the_end_of_the_stream_ends_its_clips(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    first, second = await show.insert(clip), await show.insert(clip)
    await show.look()
    assert refusal(await show.creator.ask("DELETE", f"/api/vods/{clip['id']}")) == (409, "vod_in_use")
    await show.creator.ask("POST", f"/api/streams/{show.stream}/end")
    assert await show.look() == [(first, "skipped")]
    reasons = {event["segment_id"]: event["reason"] for event in await told(show.pool, show.stream, "segment.skipped")}
    assert reasons == {first: "stream_ended", second: "stream_ended"}
    again = {"vodId": clip["id"]}
    assert refusal(await show.creator.ask("POST", show.path, json=again)) == (409, "stream_over")
    assert (await show.creator.ask("DELETE", f"/api/vods/{clip['id']}")).status_code == 204
    (shown,) = (await show.creator.ask("GET", show.path)).json()["items"]
    assert (shown["id"], shown["vodId"], shown["title"]) == (first, None, clip["title"])


async def test_what_waits_before_the_show_begins_with_it(
    api: AsyncClient, pool: Pool, redis: AsyncRedis, settings: Settings
) -> None:
    show = await show_of(api, pool, redis, settings, live=False)
    clip = await long_clip_of(show.creator)
    segment = await show.insert(clip)
    assert await show.look() == [(segment, "queued")]
    early = await show.creator.ask("POST", show.path, json={"vodId": clip["id"], "insert": "now"})
    assert refusal(early) == (409, "not_live")
    await show.creator.ask("POST", f"/api/streams/{show.stream}/start")
    assert await show.look() == [(segment, "playing")]


async def test_only_the_creators_own_clips_and_at_most_fifty(api: AsyncClient, show: Show) -> None:
    other = await Person.creator(api)
    own = await long_clip_of(show.creator)
    for visibility, refused in (("public", (403, "not_owner")), ("private", (404, "vod_not_found"))):
        clip = await long_clip_of(other, visibility=visibility)
        assert refusal(await show.creator.ask("POST", show.path, json={"vodId": clip["id"]})) == refused
    assert refusal(await other.ask("POST", show.path, json={"vodId": own["id"]})) == (403, "not_owner")
    for bad in ("soon", "2026-01-01T00:00:00", "", "x" * 41, 50, -1, 1.5, None):
        answer = await show.creator.ask("POST", show.path, json={"vodId": own["id"], "insert": bad})
        assert answer.status_code == 422, bad
    for _ in range(50):
        await show.insert(own)
    assert refusal(await show.creator.ask("POST", show.path, json={"vodId": own["id"]})) == (409, "queue_full")
    assert len(await show.queue()) == 50


async def test_a_private_clip_is_for_the_room_while_it_is_on_air(api: AsyncClient, show: Show) -> None:
    clip = await long_clip_of(show.creator, visibility="private")
    segment = await show.insert(clip)
    viewer = await Person.register(api)

    async def seen() -> int:
        return (await viewer.ask("GET", clip["url"], params={"segment": segment})).status_code

    assert (await viewer.ask("GET", f"/api/streams/{show.stream}")).json()["segments"] == []
    assert await seen() == 404
    await show.look()
    (on_air,) = (await viewer.ask("GET", f"/api/streams/{show.stream}")).json()["segments"]
    assert (on_air["id"], on_air["title"], on_air["durationS"]) == (segment, clip["title"], clip["durationS"])
    assert on_air["participant"] is None
    assert on_air["offsetS"] >= 0
    assert (await viewer.ask("GET", on_air["url"])).status_code == 200
    assert (await viewer.ask("GET", clip["url"])).status_code == 404
    await show.pass_time(LONG_SECONDS)
    await show.look()
    assert await seen() == 404


async def test_many_keepers_take_each_step_once(
    api: AsyncClient, pool: Pool, redis: AsyncRedis, settings: Settings
) -> None:
    shows = [await show_of(api, pool, redis, settings) for _ in range(4)]
    for show in shows:
        clip = await long_clip_of(show.creator)
        for _ in range(3):
            await show.insert(clip)
    for _ in range(4):
        await asyncio.gather(*(show.keeper.advance_segments() for show in shows * 2))
        for show in shows:
            await show.pass_time(LONG_SECONDS)
    for show in shows:
        counted = [kind for kind, _ in await show.events()]
        assert {kind: counted.count(kind) for kind in KINDS} == {
            "queued": 3,
            "moved": 0,
            "loading": 3,
            "started": 3,
            "played": 3,
            "skipped": 0,
            "failed": 0,
        }


async def test_the_table_itself_takes_legal_moves_only(show: Show) -> None:
    clip = await long_clip_of(show.creator)
    first, second = await show.insert(clip), await show.insert(clip)
    await show.look()
    for segment, change in (
        (second, "state = 'loading', due_at = now()"),  # another is on air
        (second, "state = 'played', started_at = now(), ended_at = now()"),
        (first, "state = 'queued', due_at = NULL"),
        (first, "state = 'played'"),  # without its end
        (first, "vod_id = NULL"),
    ):
        with pytest.raises(psycopg.Error):
            async with transaction(show.pool) as db:
                await db.execute(f"UPDATE segments SET {change} WHERE id = %s", (segment,))
    assert await show.queue() == [(first, "playing"), (second, "queued")]
