"""A banned person is taken out of the media room: what a LiveKit server is asked, and what its absence does."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import jwt
import msgspec
import pytest_asyncio
from aiohttp import web as http_server
from livekit.api import RoomParticipantIdentity

from domain.moderation.media import media_rooms
from livestreamx.settings import Settings
from tests.conftest import free_port

SECRET = "a-secret-of-more-than-thirty-two-bytes-for-hs256"
REMOVE = "/twirp/livekit.RoomService/RemoveParticipant"


class Peer:
    """Speaks LiveKit's HTTP interface for the one call that we make."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.removed: list[tuple[str, str]] = []
        self.status, self.code = 200, ""

    async def answer(self, request: http_server.Request) -> http_server.Response:
        grants = jwt.decode(request.headers["Authorization"].split()[1], SECRET, algorithms=["HS256"], issuer="key")
        asked = RoomParticipantIdentity.FromString(await request.read())
        assert (grants["video"]["roomAdmin"], grants["video"]["room"]) == (True, asked.room)
        if self.status != 200:
            return http_server.json_response({"code": self.code, "msg": "no"}, status=self.status)
        self.removed.append((asked.room, asked.identity))
        return http_server.Response(content_type="application/protobuf")


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    application = http_server.Application()
    application.router.add_post(REMOVE, peer.answer)
    runner = http_server.AppRunner(application)
    await runner.setup()
    await http_server.TCPSite(runner, "127.0.0.1", int(peer.url.rpartition(":")[2])).start()
    yield peer
    await runner.cleanup()


def with_media(settings: Settings, url: str) -> Settings:
    return msgspec.structs.replace(settings, livekit_url=url, livekit_key="key", livekit_secret=SECRET)


async def test_the_server_is_asked_to_remove_them(settings: Settings, peer: Peer) -> None:
    rooms = media_rooms(with_media(settings, peer.url.replace("http", "ws")))
    assert rooms is not None
    stream, user = uuid4(), uuid4()
    assert await rooms.remove(stream, user)
    assert peer.removed == [(str(stream), str(user))]
    peer.status, peer.code = 404, "not_found"
    assert not await rooms.remove(stream, user)
    await rooms.aclose()


async def test_a_ban_does_not_wait_for_a_server_that_is_gone(settings: Settings) -> None:
    rooms = media_rooms(with_media(settings, f"http://127.0.0.1:{free_port()}"))
    assert rooms is not None
    async with asyncio.timeout(20):
        assert not await rooms.remove(uuid4(), uuid4())
    await rooms.aclose()


def test_without_a_server_there_is_nobody_to_ask(settings: Settings) -> None:
    assert media_rooms(settings) is None
