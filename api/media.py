"""`/api/streams/{id}/token` and `/ingress`: the ways to a stream's picture at the media server, and into it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.schema import Body, Mirror, View
from domain.accounts.tokens import Claims
from domain.media import keys, service
from domain.media.ingresses import Ingresses
from domain.media.model import IngressKind
from domain.media.rooms import MediaRooms
from livestreamx.engines.postgres import Pool


class MediaPassView(Mirror, frozen=True, kw_only=True):
    """Where the media server is, and a token for it; `publishes` says whether it lets one send, too."""

    url: str
    token: str
    expires_at: datetime
    publishes: bool


class NewIngress(Body, frozen=True, kw_only=True):
    """How the software sends; `rotate` gives another key where there is one, which then stops working."""

    kind: IngressKind = "rtmp"
    rotate: bool = False


class IngressView(View, frozen=True, kw_only=True):
    """That there is a key, and for which kind of software."""

    kind: IngressKind
    created_at: datetime


class IngressKey(IngressView, frozen=True, kw_only=True):
    """A new key, shown this once. `url` is the server to fill in (RTMP), or where `key` is the bearer token (WHIP)."""

    url: Annotated[str, msgspec.Meta(examples=["rtmps://media.example/x"])]
    key: str


class MediaController(Controller):
    path = "/api/streams/{stream_id:uuid}"
    tags = ("Media",)

    @post("/token", status_code=200, summary="A pass to the picture")
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

    @post("/ingress", summary="A key for streaming software such as OBS")
    async def give_key(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewIngress],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        ingresses: NamedDependency[Ingresses | None],
    ) -> Response[IngressKey]:
        """For the stream's creator, before and while it is live; the key ends with the stream.

        409 `ingress_exists` without `rotate`, 409 `not_live` once the stream is over, 503 `media_off`.
        """
        given, noted = await keys.give_key(pool, ingresses, stream_id, user, data.kind, rotates=data.rotate)
        made = IngressKey(kind=given.kind, created_at=noted.created_at, url=given.url, key=given.key)
        return Response(made, status_code=201, headers={"Cache-Control": "no-store"})

    @get("/ingress", summary="Whether the stream has a key for streaming software")
    async def look(
        self, stream_id: FromPath[UUID], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> IngressView:
        """Never the key itself. 404 `ingress_not_found`."""
        noted = await keys.find_key(pool, stream_id, user)
        return IngressView(kind=noted.kind, created_at=noted.created_at)

    @delete("/ingress", summary="Take the key away")
    async def take_key(
        self,
        stream_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        ingresses: NamedDependency[Ingresses | None],
    ) -> None:
        """It stops working now, and what is sent by it is cut off. 404 `ingress_not_found`."""
        await keys.take_key(pool, ingresses, stream_id, user)
