"""Keys for streaming software: for the creator alone, told once, rotated, and gone with the stream."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from httpx import AsyncClient
from livekit import api as livekit
from redis.asyncio import Redis as AsyncRedis

from domain.interactions.keeper import Keeper
from livestreamx.engines.postgres import Pool
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings
from tests.integration.commanding import rows
from tests.integration.media_peer import MediaPeer, media_peer, media_platform, news, recording_news, tell, with_media
from tests.integration.people import Person, events_of, refusal


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def peer() -> AsyncIterator[MediaPeer]:
    async with media_peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def connected(settings: Settings, peer: MediaPeer) -> Settings:
    return with_media(settings, peer.url)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def media(connected: Settings) -> AsyncIterator[AsyncClient]:
    async with media_platform(connected) as client:
        yield client


@pytest.fixture
def keeper(pool: Pool, redis: AsyncRedis, connected: Settings, peer: MediaPeer) -> Keeper:
    peer.status = 200
    return Keeper(pool, redis, connected)


def in_room(peer: MediaPeer, stream: str) -> list[livekit.IngressInfo]:
    return [ingress for ingress in peer.ingresses.values() if ingress.room_name == stream]


def path_of(stream: str) -> str:
    return f"/api/streams/{stream}/ingress"


async def test_a_key_is_told_once_and_to_its_creator_alone(media: AsyncClient, peer: MediaPeer) -> None:
    creator, other = await Person.creator(media), await Person.creator(media)
    stream = await creator.announce()
    assert refusal(await creator.ask("GET", path_of(stream))) == (404, "ingress_not_found")
    given = await creator.ask("POST", path_of(stream), json={})
    assert (given.status_code, given.headers["cache-control"]) == (201, "no-store")
    (ingress,) = in_room(peer, stream)
    assert ingress.input_type == livekit.IngressInput.RTMP_INPUT
    assert ingress.participant_identity == f"encoder:{creator.id}"
    assert (given.json()["kind"], given.json()["key"], given.json()["url"]) == ("rtmp", ingress.stream_key, ingress.url)
    seen = (await creator.ask("GET", path_of(stream))).json()
    assert seen == {"kind": "rtmp", "createdAt": given.json()["createdAt"]}
    for method, body in (("GET", None), ("POST", {}), ("DELETE", None)):
        assert refusal(await other.ask(method, path_of(stream), json=body)) == (403, "not_owner")
        media.cookies.clear()
        assert refusal(await media.request(method, path_of(stream), json=body)) == (401, "unauthenticated")
    assert in_room(peer, stream) == [ingress]
    assert refusal(await other.ask("POST", path_of(str(uuid4())), json={})) == (404, "stream_not_found")
    private = await creator.announce(visibility="private")
    assert refusal(await other.ask("POST", path_of(private), json={})) == (404, "stream_not_found")


async def test_an_admin_does_not_send_in_a_creators_place(media: AsyncClient, pool: Pool) -> None:
    admin, creator = await Person.admin(media, pool), await Person.creator(media)
    stream = await creator.go_live()
    assert refusal(await admin.ask("POST", path_of(stream), json={})) == (403, "not_owner")


async def test_another_key_ends_the_one_before(media: AsyncClient, peer: MediaPeer) -> None:
    creator = await Person.creator(media)
    stream = await creator.go_live()
    first = (await creator.ask("POST", path_of(stream), json={})).json()
    assert refusal(await creator.ask("POST", path_of(stream), json={"kind": "whip"})) == (409, "ingress_exists")
    second = (await creator.ask("POST", path_of(stream), json={"kind": "whip", "rotate": True})).json()
    (ingress,) = in_room(peer, stream)
    assert (ingress.input_type, ingress.stream_key) == (livekit.IngressInput.WHIP_INPUT, second["key"])
    assert second["key"] != first["key"]
    assert (await creator.ask("GET", path_of(stream))).json()["kind"] == "whip"
    assert (await creator.ask("DELETE", path_of(stream))).status_code == 204
    assert in_room(peer, stream) == []
    assert refusal(await creator.ask("DELETE", path_of(stream))) == (404, "ingress_not_found")
    for bad in ({"kind": "srt"}, {"room": "x"}, {"rotate": "yes"}):
        assert (await creator.ask("POST", path_of(stream), json=bad)).status_code == 422


async def test_a_key_ends_with_its_stream(media: AsyncClient, peer: MediaPeer, keeper: Keeper, pool: Pool) -> None:
    creator = await Person.creator(media)
    stream, other = await creator.go_live(), await creator.announce()
    for one in (stream, other):
        await creator.ask("POST", path_of(one), json={})
    await keeper.take_keys()
    assert len(in_room(peer, stream)) == 1
    await creator.ask("POST", f"/api/streams/{stream}/end")
    peer.status, peer.code = 503, "unavailable"
    with pytest.raises(Unavailable):
        await keeper.take_keys()
    peer.status = 200
    await keeper.take_keys()
    assert (len(in_room(peer, stream)), len(in_room(peer, other))) == (0, 1)
    assert await rows(pool, "SELECT stream_id FROM media_keys WHERE stream_id = %s", stream) == []
    for act in ("", "/archive"):
        assert not act or (await creator.ask("POST", f"/api/streams/{stream}{act}")).status_code == 200
        assert refusal(await creator.ask("POST", path_of(stream), json={})) == (409, "not_live")
    assert refusal(await creator.ask("GET", path_of(stream))) == (404, "ingress_not_found")


async def test_what_the_media_server_refuses_changes_nothing(media: AsyncClient, peer: MediaPeer) -> None:
    creator = await Person.creator(media)
    stream = await creator.go_live()
    first = (await creator.ask("POST", path_of(stream), json={})).json()
    for status, code, told in ((503, "unavailable", "unavailable"), (400, "internal", "ingress_refused")):
        peer.status, peer.code = status, code
        answer = await creator.ask("POST", path_of(stream), json={"rotate": True})
        assert refusal(answer) == (503, told)
    assert refusal(await creator.ask("DELETE", path_of(stream))) == (503, "unavailable")
    peer.status = 200
    assert [ingress.stream_key for ingress in in_room(peer, stream)] == [first["key"]]
    assert (await creator.ask("GET", path_of(stream))).status_code == 200


async def test_without_a_media_server_it_says_so(api: AsyncClient) -> None:
    creator = await Person.creator(api)
    stream = await creator.go_live()
    for method, body in (("POST", {}), ("DELETE", None)):
        assert refusal(await creator.ask(method, path_of(stream), json=body)) == (503, "media_off")
    assert refusal(await creator.ask("GET", path_of(stream))) == (404, "ingress_not_found")


async def lose(pool: Pool, stream: str, seconds: float) -> None:
    """Let it be so long since publishers were lost."""
    async with pool.connection() as db:
        await db.execute(
            "UPDATE media_publishers SET lost_at = lost_at - make_interval(secs => %s) WHERE stream_id = %s",
            (seconds, stream),
        )


async def test_a_stream_goes_on_while_software_or_browser_sends(
    media: AsyncClient, keeper: Keeper, peer: MediaPeer, pool: Pool
) -> None:
    creator = await Person.creator(media)
    stream = await creator.go_live()
    encoder = f"encoder:{creator.id}"

    async def hear(event: str, who: str, session: str, joined: int) -> str:
        return str((await tell(media, news(event, stream, who, session, joined))).json()["outcome"])

    async def is_live() -> bool:
        await keeper.end_abandoned_streams()
        return (await rows(pool, "SELECT status FROM streams WHERE id = %s", stream))[0][0] == "live"

    assert await hear("participant_joined", encoder, "PA_obs", 1_000) == "noted"
    assert await hear("participant_joined", str(creator.id), "PA_web", 2_000) == "noted"
    assert await hear("participant_left", str(creator.id), "PA_web", 2_000) == "noted"
    await lose(pool, stream, 200)
    assert await is_live()
    assert await hear("participant_left", encoder, "PA_obs", 1_000) == "noted"
    await lose(pool, stream, 119)
    assert await is_live()
    assert await hear("participant_joined", encoder, "PA_obs_2", 3_000) == "noted"
    await lose(pool, stream, 1_000)
    assert await is_live()
    assert await hear("participant_left", encoder, "PA_obs_2", 3_000) == "noted"
    await lose(pool, stream, 121)
    assert not await is_live()
    peer.removed.clear()
    assert await hear("participant_joined", encoder, "PA_obs_3", 4_000) == "removed"
    assert peer.removed == [(stream, encoder)]


async def test_a_stream_is_archived_when_its_recording_is_complete(media: AsyncClient, pool: Pool) -> None:
    creator = await Person.creator(media)
    stream = await creator.go_live()
    assert (await tell(media, recording_news(stream))).json() == {"outcome": "ignored"}
    await creator.ask("POST", f"/api/streams/{stream}/end")
    assert (await tell(media, recording_news(stream, "EGRESS_FAILED"))).json() == {"outcome": "ignored"}
    done = recording_news(stream)
    assert (await tell(media, done)).json() == {"outcome": "noted"}
    assert (await tell(media, done)).json() == {"outcome": "duplicate"}
    assert (await tell(media, recording_news(stream))).json() == {"outcome": "ignored"}
    assert (await creator.ask("GET", f"/api/streams/{stream}")).json()["status"] == "archived"
    assert await events_of(pool, stream, "stream.archived") == 1
