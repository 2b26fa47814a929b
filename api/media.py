"""`/api/streams/{id}/token`: the way to a stream's picture at the media server."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.schema import Mirror
from domain.accounts.tokens import Claims
from domain.media import service
from domain.media.rooms import MediaRooms
from livestreamx.engines.postgres import Pool


class MediaPassView(Mirror, frozen=True, kw_only=True):
    """Where the media server is, and a token for it; `publishes` says whether it lets one send, too."""

    url: str
    token: str
    expires_at: datetime
    publishes: bool


class MediaController(Controller):
    path = "/api/streams/{stream_id:uuid}/token"
    tags = ("Media",)

    @post("/", status_code=200, summary="A pass to the picture")
    async def admit(
        self,
        stream_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        media: NamedDependency[MediaRooms | None],
    ) -> MediaPassView:
        """The creator may publish, everybody else sees and hears; good for an hour.

        403 `banned` or `muted`, 409 `not_live` before and after the stream, 503 `media_off` where no media server is
        connected.
        """
        return MediaPassView.of(await service.admit(pool, media, stream_id, visitor))
