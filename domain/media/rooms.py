"""The media rooms at LiveKit: a room is its stream's id, an identity its user's.

A removed participant's token stays good until it expires, so passes are given by `service.admit` only, and whoever
comes back with one is removed again by `service.take`.
"""

import base64
import hashlib
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import aiohttp
import jwt
import structlog
from google.protobuf.json_format import Parse, ParseError
from livekit import api as livekit

from domain.media.model import Kind, MediaNews, MediaPass, NotByMediaServer, as_uuid
from livestreamx.clock import now
from livestreamx.errors import Invalid
from livestreamx.settings import Settings

SECONDS = 5
PASS_TIME = timedelta(hours=1)
GONE = "not_found"
KINDS: dict[str, Kind] = {
    "participant_joined": "came",
    "participant_left": "went",
    "participant_connection_aborted": "went",
    "ingress_started": "began",
    "ingress_ended": "ended",
    "egress_ended": "recorded",
}

log = structlog.get_logger("domain.media")


class MediaRooms:
    """The media rooms at the configured LiveKit server; one a process, made where an event loop runs."""

    def __init__(self, settings: Settings) -> None:
        self._public_url = settings.media_url
        self._key, self._secret = settings.livekit_key, settings.livekit_secret
        self._api = livekit.LiveKitAPI(
            settings.livekit_url, self._key, self._secret, timeout=aiohttp.ClientTimeout(total=SECONDS)
        )
        self._verifier = livekit.TokenVerifier(self._key, self._secret)

    def give_pass(self, stream_id: UUID, identity: str, name: str, *, publishes: bool) -> MediaPass:
        """A pass for one hour; who does not publish only sees and hears."""
        expires_at = now() + PASS_TIME
        grants = livekit.VideoGrants(
            room_join=True, room=str(stream_id), can_publish=publishes, can_subscribe=True, can_publish_data=False
        )
        token = livekit.AccessToken(self._key, self._secret).with_identity(identity).with_name(name)
        signed = token.with_ttl(PASS_TIME).with_grants(grants).to_jwt()
        return MediaPass(url=self._public_url, token=signed, expires_at=expires_at, publishes=publishes)

    def read_news(self, body: bytes, authorization: str | None) -> MediaNews:
        """What the server tells; `NotByMediaServer` unless it signed exactly this body, `Invalid` for what is none."""
        try:
            claims = self._verifier.verify((authorization or "").removeprefix("Bearer "))
        except jwt.PyJWTError as error:
            raise NotByMediaServer from error
        if claims.sha256 != base64.b64encode(hashlib.sha256(body).digest()).decode():
            raise NotByMediaServer
        try:
            told = Parse(body, livekit.WebhookEvent(), ignore_unknown_fields=True)
        except ParseError as error:
            raise Invalid("This event is not as LiveKit describes it", code="bad_event") from error
        if told.HasField("ingress_info"):
            return _news_of_ingress(told)
        if told.HasField("egress_info"):
            return _news_of_recording(told)
        who = told.participant
        return MediaNews(
            id=told.id,
            kind=KINDS.get(told.event, "other"),
            stream_id=as_uuid(told.room.name),
            identity=who.identity,
            session=who.sid,
            joined_ms=who.joined_at_ms or who.joined_at * 1000,
        )

    async def remove(self, stream_id: UUID, identity: str) -> bool:
        """Whether somebody was there and is not any more; an outage is logged, for the ban holds without it."""
        who = livekit.RoomParticipantIdentity(room=str(stream_id), identity=identity)
        return await self._done(self._api.room.remove_participant(who), "participant_not_removed", stream_id, identity)

    async def close(self, stream_id: UUID) -> bool:
        """Whether there was a room, which nobody is in any more."""
        room = livekit.DeleteRoomRequest(room=str(stream_id))
        return await self._done(self._api.room.delete_room(room), "media_room_not_closed", stream_id)

    async def _done(self, asked: Awaitable[object], failure: str, stream_id: UUID, identity: str = "") -> bool:
        try:
            await asked
        except livekit.TwirpError as error:
            if error.code != GONE:
                log.error(failure, stream_id=str(stream_id), user_id=identity, error=str(error))
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            log.error(failure, stream_id=str(stream_id), user_id=identity, error=str(error))
            return False
        return True

    async def aclose(self) -> None:
        await self._api.aclose()


def _news_of_recording(told: livekit.WebhookEvent) -> MediaNews:
    """What the server tells of a recording; one that failed says nothing."""
    is_done = told.egress_info.status == livekit.EgressStatus.EGRESS_COMPLETE
    kind = KINDS.get(told.event, "other") if is_done else "other"
    return MediaNews(id=told.id, kind=kind, stream_id=as_uuid(told.egress_info.room_name))


def _news_of_ingress(told: livekit.WebhookEvent) -> MediaNews:
    """What the server tells of a clip; streaming software tells of itself by coming to the room and leaving it."""
    clip = told.ingress_info
    return MediaNews(
        id=told.id,
        kind=KINDS.get(told.event, "other"),
        stream_id=as_uuid(clip.room_name),
        identity=clip.participant_identity,
        is_broken=clip.state.status == livekit.IngressState.Status.ENDPOINT_ERROR,
    )


def media_rooms(settings: Settings) -> MediaRooms | None:
    """None where no media server is configured."""
    return MediaRooms(settings) if settings.media_on else None
