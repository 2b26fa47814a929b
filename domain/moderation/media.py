"""Taking banned people out of a stream's media room at LiveKit: the room is the stream's id, an identity the user's.

A removed participant's token stays good until it expires, so whoever issues tokens asks `require_welcome` first, and
whoever hears that a banned person joined again removes them again.
"""

from uuid import UUID

import aiohttp
import structlog
from livekit import api as livekit

from livestreamx.settings import Settings

SECONDS = 5
GONE = "not_found"

log = structlog.get_logger("domain.moderation")


class MediaRooms:
    """The media rooms at the configured LiveKit server; one a process, made where an event loop runs."""

    def __init__(self, settings: Settings) -> None:
        self._api = livekit.LiveKitAPI(
            settings.livekit_url,
            settings.livekit_key,
            settings.livekit_secret,
            timeout=aiohttp.ClientTimeout(total=SECONDS),
        )

    async def remove(self, stream_id: UUID, user_id: UUID) -> bool:
        """Whether somebody was there and is not any more; an outage is logged, for the ban holds without it."""
        who = livekit.RoomParticipantIdentity(room=str(stream_id), identity=str(user_id))
        try:
            await self._api.room.remove_participant(who)
        except livekit.TwirpError as error:
            if error.code != GONE:
                log.error("participant_not_removed", stream_id=who.room, user_id=who.identity, error=str(error))
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            log.error("participant_not_removed", stream_id=who.room, user_id=who.identity, error=str(error))
            return False
        return True

    async def aclose(self) -> None:
        await self._api.aclose()


def media_rooms(settings: Settings) -> MediaRooms | None:
    """None where no media server is configured."""
    configured = settings.livekit_url and settings.livekit_key and settings.livekit_secret
    return MediaRooms(settings) if configured else None
