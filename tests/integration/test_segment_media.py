"""Clips that the media server brings into its room: begun once, told by its news, and back at the live picture."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
import pytest_asyncio
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.interactions.keeper import Keeper
from livestreamx.engines.postgres import Pool
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings
from tests.integration.clips import long_clip_of
from tests.integration.interacting import told
from tests.integration.media_peer import MediaPeer, clip_news, media_peer, media_platform, tell, with_media
from tests.integration.people import Person

SOURCE = "http://inside:4000"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def peer() -> AsyncIterator[MediaPeer]:
    async with media_peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def connected(settings: Settings, peer: MediaPeer) -> Settings:
    """The platform with that media server."""
    ours = msgspec.structs.replace(settings, media_source_url=SOURCE)
    return with_media(ours, peer.url)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def media(connected: Settings) -> AsyncIterator[AsyncClient]:
    async with media_platform(connected) as client:
        yield client


class Show:
    """A live stream with one clip whose turn has come."""

    def __init__(self, creator: Person, stream: str, segment: str, keeper: Keeper) -> None:
        self.creator, self.stream, self.segment, self.keeper = creator, stream, segment, keeper

    async def state(self) -> str:
        """Of the segment, once the keeper has done what is due."""
        for step in (self.keeper.advance_segments, self.keeper.move_ingresses):
            await step()
        (shown, *_) = (await self.creator.ask("GET", f"/api/streams/{self.stream}/segments")).json()["items"] or [{}]
        return str(shown.get("state", "none"))


@pytest_asyncio.fixture(loop_scope="session")
async def show(
    media: AsyncClient, pool: Pool, redis: AsyncRedis, connected: Settings, peer: MediaPeer
) -> AsyncIterator[Show]:
    creator = await Person.creator(media)
    stream = await creator.go_live()
    clip = await long_clip_of(creator, visibility="private")
    answer = await creator.ask("POST", f"/api/streams/{stream}/segments", json={"vodId": clip["id"]})
    peer.status, peer.begun, peer.loses_answers = 200, 0, False
    peer.ingresses.clear()
    yield Show(creator, stream, answer.json()["id"], Keeper(pool, redis, connected))
    peer.status, peer.loses_answers = 200, False
    async with pool.connection() as db:  # the next test's keeper has nothing left to do here
        await db.execute("UPDATE segments SET ingress_id = '' WHERE stream_id = %s", (stream,))


async def pass_time(pool: Pool, show: Show, seconds: float) -> None:
    async with pool.connection() as db:
        await db.execute(
            "UPDATE segments SET due_at = due_at - %s WHERE id = %s", (timedelta(seconds=seconds), show.segment)
        )


async def test_a_clip_joins_the_room_and_its_end_brings_back_the_live_picture(
    media: AsyncClient, pool: Pool, peer: MediaPeer, show: Show
) -> None:
    assert await show.state() == "loading"
    (ingress,) = peer.ingresses.values()
    assert (ingress.room_name, ingress.participant_identity) == (show.stream, f"segment:{show.segment}")
    path = ingress.url.removeprefix(SOURCE)
    assert (await media.get(path, headers={"range": "bytes=0-9"})).status_code == 206
    assert (await media.get(f"/api/streams/{show.stream}")).json()["segments"] == []
    began = clip_news("ingress_started", show.stream, show.segment, "ENDPOINT_PUBLISHING")
    assert (await tell(media, began)).json() == {"outcome": "noted"}
    assert (await tell(media, began)).json() == {"outcome": "duplicate"}
    assert await show.state() == "playing"
    (on_air,) = (await media.get(f"/api/streams/{show.stream}")).json()["segments"]
    assert on_air["participant"] == f"segment:{show.segment}"
    ended = clip_news("ingress_ended", show.stream, show.segment)
    assert (await tell(media, ended)).json() == {"outcome": "noted"}
    assert await show.state() == "played"
    assert (peer.begun, peer.ingresses) == (1, {})
    assert (await media.get(path)).status_code == 404
    assert (await tell(media, clip_news("ingress_ended", show.stream, show.segment))).json() == {"outcome": "ignored"}
    assert len(await told(pool, show.stream, "segment.played")) == 1


async def test_a_clip_that_breaks_fails(media: AsyncClient, pool: Pool, show: Show) -> None:
    await show.state()
    await tell(media, clip_news("ingress_started", show.stream, show.segment))
    await tell(media, clip_news("ingress_ended", show.stream, show.segment, "ENDPOINT_ERROR"))
    (failed,) = await told(pool, show.stream, "segment.failed")
    assert failed["reason"] == "ingress_failed"
    assert await show.state() == "failed"


async def test_a_clip_that_is_refused_or_never_comes_fails(pool: Pool, peer: MediaPeer, show: Show) -> None:
    peer.status, peer.code = 400, "invalid_argument"
    assert await show.state() == "none"  # it was never on air
    (refused,) = await told(pool, show.stream, "segment.failed")
    assert (refused["reason"], refused["started_at"]) == ("ingress_failed", None)


async def test_a_clip_that_never_comes_fails_in_time(pool: Pool, show: Show) -> None:
    assert await show.state() == "loading"
    await pass_time(pool, show, 5)
    assert await show.state() == "loading"
    await pass_time(pool, show, 15)
    assert await show.state() == "none"
    (failed,) = await told(pool, show.stream, "segment.failed")
    assert failed["reason"] == "not_loaded"


async def test_without_news_of_its_end_it_ends_by_its_length(
    media: AsyncClient, pool: Pool, peer: MediaPeer, show: Show
) -> None:
    await show.state()
    await tell(media, clip_news("ingress_started", show.stream, show.segment))
    await pass_time(pool, show, 300)
    assert await show.state() == "playing"
    await pass_time(pool, show, 303)
    assert await show.state() == "played"
    assert peer.ingresses == {}


async def test_what_was_begun_before_a_crash_is_not_begun_again(peer: MediaPeer, show: Show) -> None:
    peer.loses_answers = True  # as for who is killed before the answer is noted
    await show.keeper.advance_segments()
    with pytest.raises(Unavailable):
        await show.keeper.move_ingresses()
    peer.loses_answers = False
    assert await show.state() == "loading"
    assert (peer.begun, len(peer.ingresses)) == (1, 1)
    skipped = await show.creator.ask("DELETE", f"/api/streams/{show.stream}/segments/{show.segment}")
    assert skipped.json()["state"] == "skipped"
    await show.state()
    assert peer.ingresses == {}
