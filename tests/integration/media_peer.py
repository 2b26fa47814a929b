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
from httpx import ASGITransport, AsyncClient, Response
from livekit import api as livekit

from api.app import create_app
from livestreamx.settings import Settings
from tests.conftest import free_port
from tests.integration.conftest import served

KEY = "key"
GRANTS = ("roomAdmin", "roomCreate", "room", "ingressAdmin")
SECRET = "a-secret-of-more-than-thirty-two-bytes-for-hs256"
SERVICE = "/twirp/livekit.RoomService"
INGRESS = "/twirp/livekit.Ingress"


class MediaPeer:
    """Speaks LiveKit's HTTP interface for the calls that we make."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.removed: list[tuple[str, str]] = []
        self.closed: list[str] = []
        self.ingresses: dict[str, Any] = {}
        self.begun = 0
        self.loses_answers = False
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

    async def list_ingress(self, request: http_server.Request) -> http_server.Response:
        room = livekit.ListIngressRequest.FromString(await request.read()).room_name
        there = [ingress for ingress in self.ingresses.values() if ingress.room_name == room]
        return self._answer(livekit.ListIngressResponse(items=there))

    async def create_ingress(self, request: http_server.Request) -> http_server.Response:
        assert self._grants(request) == {"ingressAdmin": True}
        if self.status != 200:
            return self._refuse()
        asked = livekit.CreateIngressRequest.FromString(await request.read())
        self.begun += 1
        ingress = livekit.IngressInfo(
            ingress_id=f"IN_{self.begun}",
            input_type=asked.input_type,
            url=asked.url,
            room_name=asked.room_name,
            participant_identity=asked.participant_identity,
        )
        if asked.input_type != livekit.IngressInput.URL_INPUT:
            ingress.url, ingress.stream_key = "rtmp://media.test/x", f"secret-{self.begun}"
        self.ingresses[ingress.ingress_id] = ingress
        if self.loses_answers:
            return http_server.json_response({"code": "unavailable", "msg": "lost"}, status=503)
        return self._answer(ingress)

    async def delete_ingress(self, request: http_server.Request) -> http_server.Response:
        if self.status != 200:
            return self._refuse()
        name = livekit.DeleteIngressRequest.FromString(await request.read()).ingress_id
        if name not in self.ingresses:
            return http_server.json_response({"code": "not_found", "msg": "no"}, status=404)
        return self._answer(self.ingresses.pop(name))

    def _answer(self, message: Any) -> http_server.Response:
        return http_server.Response(body=message.SerializeToString(), content_type="application/protobuf")

    def _refuse(self) -> http_server.Response:
        return http_server.json_response({"code": self.code, "msg": "no"}, status=self.status)

    def _grants(self, request: http_server.Request) -> dict[str, Any]:
        token = request.headers["Authorization"].split()[1]
        video = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=KEY)["video"]
        return {name: value for name, value in video.items() if name in GRANTS and value}


@asynccontextmanager
async def media_peer() -> AsyncIterator[MediaPeer]:
    peer = MediaPeer()
    application = http_server.Application()
    application.router.add_post(f"{SERVICE}/RemoveParticipant", peer.remove)
    application.router.add_post(f"{SERVICE}/DeleteRoom", peer.close)
    application.router.add_post(f"{INGRESS}/ListIngress", peer.list_ingress)
    application.router.add_post(f"{INGRESS}/CreateIngress", peer.create_ingress)
    application.router.add_post(f"{INGRESS}/DeleteIngress", peer.delete_ingress)
    runner = http_server.AppRunner(application)
    await runner.setup()
    await http_server.TCPSite(runner, "127.0.0.1", int(peer.url.rpartition(":")[2])).start()
    yield peer
    await runner.cleanup()


@asynccontextmanager
async def media_platform(settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of an application that has the media server of these settings."""
    app = create_app(settings)
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client


def with_media(settings: Settings, url: str) -> Settings:
    """The settings of a platform with this media server, without limits per address."""
    return msgspec.structs.replace(settings, rate_limits=False, livekit_url=url, livekit_key=KEY, livekit_secret=SECRET)


def news(event: str, stream: str, identity: str, session: str = "PA_1", joined: int = 1_000) -> bytes:
    """What LiveKit posts about a participant; times in seconds."""
    participant = {"sid": session, "identity": identity, "joinedAt": str(joined)}
    told = {"event": event, "id": f"EV_{uuid4().hex}", "room": {"name": stream}, "participant": participant}
    return msgspec.json.encode(told)


def clip_news(event: str, stream: str, segment: str, status: str = "ENDPOINT_COMPLETE") -> bytes:
    """What LiveKit posts about a clip that it shows."""
    clip = {"ingressId": "IN_1", "roomName": stream, "participantIdentity": f"segment:{segment}"}
    told = {"event": event, "id": f"EV_{uuid4().hex}", "ingressInfo": {**clip, "state": {"status": status}}}
    return msgspec.json.encode(told)


def recording_news(stream: str, status: str = "EGRESS_COMPLETE") -> bytes:
    """What LiveKit posts when it has recorded a room, or could not."""
    told = {"event": "egress_ended", "id": f"EV_{uuid4().hex}", "egressInfo": {"roomName": stream, "status": status}}
    return msgspec.json.encode(told)


async def tell(api: AsyncClient, body: bytes, *, secret: str = SECRET, of: bytes | None = None) -> Response:
    """Post news with the signature of this body, or of another."""
    digest = base64.b64encode(hashlib.sha256(body if of is None else of).digest()).decode()
    token = livekit.AccessToken(KEY, secret).with_ttl(timedelta(minutes=5)).with_sha256(digest).to_jwt()
    return await api.post("/api/webhooks/livekit", content=body, headers={"Authorization": token})
