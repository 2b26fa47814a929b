"""The way to a stream's picture, and what follows from what the media server tells of who comes and goes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import pytest_asyncio
from httpx import AsyncClient

from domain.interactions.keeper import Keeper
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.integration.commanding import rows
from tests.integration.media_peer import SECRET, MediaPeer, media_peer, media_platform, news, tell, with_media
from tests.integration.people import Person, refusal


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def peer() -> AsyncIterator[MediaPeer]:
    async with media_peer() as peer:
        yield peer


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def media(settings: Settings, peer: MediaPeer) -> AsyncIterator[AsyncClient]:
    """A client of an application that has a media server."""
    async with media_platform(with_media(settings, peer.url)) as client:
        yield client


def grants(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], issuer="key")


async def test_the_creator_publishes_and_everybody_else_sees(media: AsyncClient, peer: MediaPeer) -> None:
    creator, viewer = await Person.creator(media), await Person.register(media)
    stream = await creator.announce()
    assert refusal(await viewer.ask("POST", f"/api/streams/{stream}/token")) == (409, "not_live")
    early = (await creator.ask("POST", f"/api/streams/{stream}/token")).json()
    assert early["publishes"] is True
    await creator.ask("POST", f"/api/streams/{stream}/start")
    given = (await viewer.ask("POST", f"/api/streams/{stream}/token")).json()
    assert given["url"] == peer.url.replace("http", "ws")
    claims = grants(given["token"])
    assert (claims["sub"], claims["name"]) == (str(viewer.id), viewer.handle)
    room = {"roomJoin": True, "room": stream, "canSubscribe": True, "canPublishData": False}
    assert claims["video"].items() >= {**room, "canPublish": False}.items()
    assert grants(early["token"])["video"].items() >= {**room, "canPublish": True}.items()
    expires = datetime.fromisoformat(given["expiresAt"])
    assert abs(expires - datetime.fromtimestamp(claims["exp"], UTC)) < timedelta(seconds=5)
    media.cookies.clear()
    nobody = grants((await media.post(f"/api/streams/{stream}/token")).json()["token"])
    assert nobody["sub"].startswith("anon:")
    assert nobody["video"]["canPublish"] is False
    await creator.ask("POST", f"/api/streams/{stream}/end")
    assert peer.closed == [stream]
    assert refusal(await creator.ask("POST", f"/api/streams/{stream}/token")) == (409, "not_live")


async def test_no_pass_for_the_banned_and_for_what_one_may_not_know_of(media: AsyncClient) -> None:
    creator, viewer = await Person.creator(media), await Person.register(media)
    private = await creator.announce(visibility="private")
    assert refusal(await viewer.ask("POST", f"/api/streams/{private}/token")) == (404, "stream_not_found")
    assert refusal(await viewer.ask("POST", f"/api/streams/{uuid4()}/token")) == (404, "stream_not_found")
    stream = await creator.go_live()
    for timeout in (60, None):
        body = {"userId": str(viewer.id), "reason": "spam", "durationS": timeout}
        assert (await creator.ask("POST", f"/api/streams/{stream}/bans", json=body)).status_code == 201
        assert refusal(await viewer.ask("POST", f"/api/streams/{stream}/token")) == (
            403,
            "muted" if timeout else "banned",
        )


async def test_without_a_media_server_it_says_so(api: AsyncClient) -> None:
    stream = await (await Person.creator(api)).go_live()
    assert refusal(await api.post(f"/api/streams/{stream}/token")) == (503, "media_off")
    assert refusal(await tell(api, news("participant_joined", stream, "x"))) == (503, "media_off")


async def test_whoever_comes_back_with_an_older_pass_is_removed_again(media: AsyncClient, peer: MediaPeer) -> None:
    creator, viewer, other = await Person.creator(media), await Person.register(media), await Person.register(media)
    stream = await creator.go_live()
    body = {"userId": str(viewer.id), "reason": "spam"}
    await creator.ask("POST", f"/api/streams/{stream}/bans", json=body)
    peer.removed.clear()
    came = news("participant_joined", stream, str(viewer.id))
    assert (await tell(media, came)).json() == {"outcome": "removed"}
    assert (await tell(media, came)).json() == {"outcome": "duplicate"}
    assert peer.removed == [(stream, str(viewer.id))]
    assert (await tell(media, news("participant_joined", stream, str(other.id)))).json() == {"outcome": "welcome"}
    assert (await tell(media, news("participant_joined", stream, "anon:1"))).json() == {"outcome": "welcome"}
    await creator.ask("POST", f"/api/streams/{stream}/end")
    assert (await tell(media, news("participant_joined", stream, "anon:1"))).json() == {"outcome": "removed"}
    assert peer.removed[1:] == [(stream, "anon:1")]


@pytest.mark.parametrize(("kind", "room"), [("room_started", None), ("participant_joined", "no-stream-of-ours")])
async def test_what_does_not_concern_us_is_let_be(media: AsyncClient, kind: str, room: str | None) -> None:
    told = await tell(media, news(kind, room or str(uuid4()), "x"))
    assert (told.status_code, told.json()) == (200, {"outcome": "ignored"})


async def test_only_what_the_media_server_signed_is_taken(media: AsyncClient) -> None:
    body = news("participant_joined", str(uuid4()), str(uuid4()))
    for forged in (
        await tell(media, body, secret="another-secret-of-more-than-thirty-two-bytes"),
        await tell(media, body, of=b"another body"),
        await media.post("/api/webhooks/livekit", content=body),
        await media.post("/api/webhooks/livekit", content=body, headers={"Authorization": "Bearer nonsense"}),
    ):
        assert refusal(forged) == (400, "bad_signature")
    assert refusal(await tell(media, b'{"event": 1}')) == (422, "bad_event")


async def lose(pool: Pool, stream: str, *, seconds: float) -> None:
    """Let it be so long since the publisher was lost."""
    async with pool.connection() as db:
        await db.execute(
            "UPDATE media_publishers SET lost_at = lost_at - make_interval(secs => %s) WHERE stream_id = %s",
            (seconds, stream),
        )


async def look(keeper: Keeper, pool: Pool, stream: str) -> str:
    """What the keeper leaves the stream as."""
    await keeper.end_abandoned_streams()
    found = await rows(pool, "SELECT status FROM streams WHERE id = %s", stream)
    return str(found[0][0])


async def test_a_stream_ends_two_minutes_after_its_publisher_was_lost(
    media: AsyncClient, pool: Pool, settings: Settings, app: object
) -> None:
    creator = await Person.creator(media)
    stream, me = await creator.go_live(), str(creator.id)
    keeper = Keeper(pool, app.state.engines.redis, settings)  # type: ignore[attr-defined]
    # In any order: the second stay is told of before the first one, whose end changes nothing.
    for event, session, joined in (
        ("participant_joined", "PA_2", 2_000),
        ("participant_joined", "PA_1", 1_000),
        ("participant_left", "PA_1", 1_000),
    ):
        assert (await tell(media, news(event, stream, me, session, joined))).json() == {"outcome": "noted"}
    await lose(pool, stream, seconds=1_000)
    assert await look(keeper, pool, stream) == "live"
    await tell(media, news("participant_left", stream, me, "PA_2", 2_000))
    await lose(pool, stream, seconds=100)
    assert await look(keeper, pool, stream) == "live"
    await lose(pool, stream, seconds=100)
    await tell(media, news("participant_joined", stream, me, "PA_3", 3_000))
    assert await look(keeper, pool, stream) == "live"
    await tell(media, news("participant_connection_aborted", stream, me, "PA_3", 3_000))
    await tell(media, news("participant_joined", stream, me, "PA_3", 3_000))
    await lose(pool, stream, seconds=121)
    assert await look(keeper, pool, stream) == "ended"
    events = await rows(
        pool,
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'reason' FROM outbox WHERE key = %s "
        "AND convert_from(payload, 'UTF8')::jsonb ->> 'type' = 'stream.ended'",
        stream,
    )
    assert [row[0] for row in events] == ["publisher_lost"]
    assert await look(keeper, pool, stream) == "ended"
    assert UUID(stream)
