"""A LiveKit server at its HTTP edge: what it is asked, and the news that it sends, signed as LiveKit signs them."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import msgspec
from aiohttp import web as http_server
from httpx import AsyncClient, Response
from livekit import api as livekit

from livestreamx.settings import Settings
from tests.conftest import free_port

KEY = "key"
SECRET = "a-secret-of-more-than-thirty-two-bytes-for-hs256"
SERVICE = "/twirp/livekit.RoomService"


class MediaPeer:
    """Speaks LiveKit's HTTP interface for the calls that we make."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.removed: list[tuple[str, str]] = []
        self.closed: list[str] = []
        self.status, self.code = 200, ""

    async def remove(self, request: http_server.Request) -> http_server.Response:
        asked = livekit.RoomParticipantIdentity.FromString(await request.read())
        assert self._grants(request) == {"roomAdmin": True, "room": asked.room}
        if self.status != 200:
            return self._refuse()
        self.removed.append((asked.room, asked.identity))
        return http_server.Response(content_type="application/protobuf")

    async def close(self, request: http_server.Request) -> http_server.Response:
        assert self._grants(request)["roomCreate"] is True
        if self.status != 200:
            return self._refuse()
        self.closed.append(livekit.DeleteRoomRequest.FromString(await request.read()).room)
        return http_server.Response(content_type="application/protobuf")

    def _refuse(self) -> http_server.Response:
        return http_server.json_response({"code": self.code, "msg": "no"}, status=self.status)

    def _grants(self, request: http_server.Request) -> dict[str, Any]:
        token = request.headers["Authorization"].split()[1]
        video = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=KEY)["video"]
        return {name: value for name, value in video.items() if name in ("roomAdmin", "roomCreate", "room") and value}


@asynccontextmanager
async def media_peer() -> AsyncIterator[MediaPeer]:
    peer = MediaPeer()
    application = http_server.Application()
    application.router.add_post(f"{SERVICE}/RemoveParticipant", peer.remove)
    application.router.add_post(f"{SERVICE}/DeleteRoom", peer.close)
    runner = http_server.AppRunner(application)
    await runner.setup()
    await http_server.TCPSite(runner, "127.0.0.1", int(peer.url.rpartition(":")[2])).start()
    yield peer
    await runner.cleanup()


def with_media(settings: Settings, url: str) -> Settings:
    """The settings of a platform with this media server."""
    return msgspec.structs.replace(settings, livekit_url=url, livekit_key=KEY, livekit_secret=SECRET)


def news(event: str, stream: str, identity: str, session: str = "PA_1", joined: int = 1_000) -> bytes:
    """What LiveKit posts about a participant; times in seconds."""
    participant = {"sid": session, "identity": identity, "joinedAt": str(joined)}
    told = {"event": event, "id": f"EV_{uuid4().hex}", "room": {"name": stream}, "participant": participant}
    return msgspec.json.encode(told)


async def tell(api: AsyncClient, body: bytes, *, secret: str = SECRET, of: bytes | None = None) -> Response:
    """Post news with the signature of this body, or of another."""
    digest = base64.b64encode(hashlib.sha256(body if of is None else of).digest()).decode()
    token = livekit.AccessToken(KEY, secret).with_ttl(timedelta(minutes=5)).with_sha256(digest).to_jwt()
    return await api.post("/api/webhooks/livekit", content=body, headers={"Authorization": token})
