"""Clips in media rooms: LiveKit's URL ingress reads the file from us and joins the room as a participant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import structlog
from livekit import api as livekit

from domain.segments.model import Segment, shown_path
from livestreamx.errors import Unavailable
from livestreamx.settings import Settings

SECONDS = 3
GONE, AWAY = "not_found", "unavailable"

log = structlog.get_logger("domain.segments")


class IngressRefused(Exception):
    """The media server does not take the clip."""


class Ingresses:
    """The clips at the configured LiveKit server; what it is asked is rare, so each has a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def begin(self, segment: Segment) -> str:
        """The id of the ingress that shows it, which may have been begun before; `IngressRefused`, `Unavailable`."""
        if segment.vod_id is None:
            raise IngressRefused
        room = str(segment.stream_id)
        file = shown_path(segment.vod_id, segment.kind, segment.id)
        async with self._asking() as api:
            there = await api.ingress.list_ingress(livekit.ListIngressRequest(room_name=room))
            for known in there.items:
                if known.participant_identity == segment.participant:
                    return str(known.ingress_id)
            try:
                begun = await api.ingress.create_ingress(
                    livekit.CreateIngressRequest(
                        input_type=livekit.IngressInput.URL_INPUT,
                        url=self._settings.media_source + file,
                        name=segment.title,
                        room_name=room,
                        participant_identity=segment.participant,
                        participant_name=segment.title,
                    )
                )
            except livekit.TwirpError as error:
                if error.code == AWAY:
                    raise
                log.error("segment_not_shown", segment_id=str(segment.id), error=str(error))
                raise IngressRefused from error
            return str(begun.ingress_id)

    async def end(self, ingress_id: str) -> None:
        """Whether or not it was there still; `Unavailable`."""
        async with self._asking() as api:
            try:
                await api.ingress.delete_ingress(livekit.DeleteIngressRequest(ingress_id=ingress_id))
            except livekit.TwirpError as error:
                if error.code != GONE:
                    raise

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


def ingresses(settings: Settings) -> Ingresses | None:
    """None where no media server is configured."""
    return Ingresses(settings) if settings.media_on else None
