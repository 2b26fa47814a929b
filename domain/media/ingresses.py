"""Ways into media rooms at LiveKit: a clip's file that its ingress reads from us, and a key for streaming software."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import structlog
from livekit import api as livekit

from domain.media.model import IngressKind, KeyGiven, encoder_of
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings

SECONDS = 3
GONE, AWAY = "not_found", "unavailable"
INPUTS: dict[IngressKind, Any] = {
    "rtmp": livekit.IngressInput.RTMP_INPUT,
    "whip": livekit.IngressInput.WHIP_INPUT,
}

log = structlog.get_logger("domain.media")


class IngressRefused(Unavailable):
    code, title = "ingress_refused", "The media server does not open this way in"


class Ingresses:
    """Those at the configured LiveKit server; it is asked rarely, so each question has a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def show_file(self, room: UUID, participant: str, title: str, path: str) -> str:
        """The id of the ingress that shows our file as this participant, which may have been begun before.

        `IngressRefused`, `Unavailable`.
        """
        async with self._asking() as api:
            for known in await _of(api, room, participant):
                return str(known.ingress_id)
            asked = livekit.CreateIngressRequest(
                input_type=livekit.IngressInput.URL_INPUT,
                url=self._settings.media_source + path,
                name=title,
                room_name=str(room),
                participant_identity=participant,
                participant_name=title,
            )
            return str((await _create(api, asked)).ingress_id)

    async def give_key(self, room: UUID, creator_id: UUID, creator: str, kind: IngressKind) -> KeyGiven:
        """A key with which the creator's software sends into the room; keys given for it before stop working now.

        `IngressRefused`, `Unavailable`.
        """
        encoder = encoder_of(creator_id)
        async with self._asking() as api:
            before = await _of(api, room, encoder)
            asked = livekit.CreateIngressRequest(
                input_type=INPUTS[kind],
                name=f"{creator} by {kind}",
                room_name=str(room),
                participant_identity=encoder,
                participant_name=creator,
            )
            given = await _create(api, asked)
            for known in before:
                await _delete(api, known.ingress_id)
        return KeyGiven(ingress_id=given.ingress_id, kind=kind, url=given.url, key=given.stream_key)

    async def take_keys(self, room: UUID, creator_id: UUID) -> None:
        """Let no key of the creator's open the room any more; who sends by one is cut off. `Unavailable`."""
        async with self._asking() as api:
            for known in await _of(api, room, encoder_of(creator_id)):
                await _delete(api, known.ingress_id)

    async def end(self, ingress_id: str) -> None:
        """Whether or not it was there still; `Unavailable`."""
        async with self._asking() as api:
            await _delete(api, ingress_id)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[livekit.LiveKitAPI]:
        settings = self._settings
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with livekit.LiveKitAPI(
                settings.livekit_url, settings.livekit_key, settings.livekit_secret, timeout=timeout
            ) as api:
                yield api
        except livekit.TwirpError as error:
            raise Unavailable("The media server cannot be asked") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("The media server does not answer") from error


async def _of(api: livekit.LiveKitAPI, room: UUID, participant: str) -> list[livekit.IngressInfo]:
    there = await api.ingress.list_ingress(livekit.ListIngressRequest(room_name=str(room)))
    return [known for known in there.items if known.participant_identity == participant]


async def _create(api: livekit.LiveKitAPI, asked: livekit.CreateIngressRequest) -> livekit.IngressInfo:
    try:
        return await api.ingress.create_ingress(asked)
    except livekit.TwirpError as error:
        if error.code == AWAY:
            raise
        log.error("ingress_refused", stream_id=asked.room_name, who=asked.participant_identity, error=str(error))
        raise IngressRefused from error


async def _delete(api: livekit.LiveKitAPI, ingress_id: str) -> None:
    try:
        await api.ingress.delete_ingress(livekit.DeleteIngressRequest(ingress_id=ingress_id))
    except livekit.TwirpError as error:
        if error.code != GONE:
            raise


def ingresses(settings: Settings) -> Ingresses | None:
    """None where no media server is configured."""
    return Ingresses(settings) if settings.media_on else None
