"""`/api/vods`: clips that creators bring, and `/vods/{id}.{kind}` where browsers play them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.auth.guards import creator_only
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.ranges import serve_file
from api.schema import Body, Page, View
from api.uploads import receive_form
from domain.accounts.tokens import Claims
from domain.files import Arriving
from domain.vods import service as vods
from domain.vods.model import (
    LONGEST_MS,
    MEDIA_TYPES,
    MOST_TITLE,
    Recording,
    UnknownVod,
    Visibility,
    Vod,
    VodKind,
    VodWish,
)
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings

MEGABYTE = 2**20
FOR_ALL, FOR_ONE = "public, max-age=300", "private, no-store"
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_TITLE, examples=["How we met"])]


class NewVod(Body, frozen=True, kw_only=True):
    """The words of the form that brings a clip."""

    title: Title
    visibility: Visibility = "public"


class RecordingBody(Body, frozen=True, kw_only=True):
    """Of which stream the clip is a recording, and how many seconds after its start it begins."""

    stream_id: UUID
    begins_s: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_MS / 1000, examples=[90])] = 0


class VodChange(Body, frozen=True, kw_only=True):
    """What is to be different; what is left out stays."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    recording: RecordingBody | msgspec.UnsetType | None = msgspec.UNSET
    """A show of one's own that has begun; null for none."""

    def as_wish(self) -> VodWish:
        """The change in the domain's words."""
        shown = self.recording
        if isinstance(shown, RecordingBody):
            told = Recording(show_id=shown.stream_id, begins_ms=round(shown.begins_s * 1000))
            return VodWish(title=self.title, visibility=self.visibility, recording=told)
        return VodWish(title=self.title, visibility=self.visibility, recording=shown)


class RecordingView(View, frozen=True, kw_only=True):
    """The clip begins `beginsS` seconds after the stream did."""

    stream_id: UUID
    begins_s: float


class VodView(View, frozen=True, kw_only=True):
    """A clip; `creator` is a handle, `url` its file and `pageUrl` its page, for those who may see it."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    visibility: Visibility
    kind: VodKind
    bytes: Annotated[int, msgspec.Meta(examples=[1_048_576])]
    duration_s: Annotated[float, msgspec.Meta(examples=[12.5])]
    url: Annotated[str, msgspec.Meta(examples=["/vods/0197a3c0-d5e1-7c31-8a00-1b2c3d4e5f60.webm"])]
    page_url: Annotated[str, msgspec.Meta(examples=["/v/0197a3c0-d5e1-7c31-8a00-1b2c3d4e5f60"])]
    recording: RecordingView | None
    created_at: datetime

    @classmethod
    def of(cls, vod: Vod) -> "VodView":
        shown = RecordingView(stream_id=vod.show_id, begins_s=vod.begins_ms / 1000) if vod.show_id else None
        return cls.showing(vod, duration_s=vod.duration_ms / 1000, url=vod.path, page_url=vod.page, recording=shown)


class VodsController(Controller):
    path = "/api"
    tags = ("Clips",)

    @post("/vods", summary="Upload a clip", guards=[creator_only], request_max_body_size=None)
    async def upload(
        self,
        request: Request[Any, Any, Any],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> VodView:
        """A multipart form: `file` (MP4 or WebM, known by its first bytes), `title`, `visibility`.

        409 `too_many_vods`, 413 `file_too_large` (`LSX_VOD_MEGABYTES`), 415 `vod_type`, 422 `vod_unreadable`.
        """
        vod_id = uuid7()
        file = Arriving(vods.folder_of(settings), str(vod_id))
        async with receive_form(request, file, settings.vod_megabytes * MEGABYTE, NewVod) as words:
            vod = await vods.keep(
                pool,
                file,
                vod_id,
                user.sub,
                title=words.title,
                visibility=words.visibility,
                request_id=request_id,
            )
        return VodView.of(vod)

    @get("/vods/{vod_id:uuid}", summary="A clip")
    async def look(
        self, vod_id: FromPath[UUID], visitor: NamedDependency[Claims | None], pool: NamedDependency[Pool]
    ) -> VodView:
        """404 `vod_not_found`, also for a private one of somebody else's."""
        return VodView.of(await vods.find_visible(pool, vod_id, visitor))

    @patch("/vods/{vod_id:uuid}", summary="Call a clip something else, or show it to others")
    async def change(
        self,
        vod_id: FromPath[UUID],
        data: JSONBody[VodChange],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> VodView:
        """422 `not_that_show` for a recording of a show that is not one's own, or was over by then."""
        return VodView.of(await vods.change(pool, vod_id, user, data.as_wish(), request_id))

    @delete("/vods/{vod_id:uuid}", summary="Remove a clip and its file")
    async def remove(
        self,
        vod_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> None:
        """409 `vod_in_use` while it waits in a show or is on air."""
        await vods.remove(pool, vods.folder_of(settings), vod_id, user, request_id)

    @get("/me/vods", summary="Your clips, the latest first")
    async def list_own(
        self, user: NamedDependency[Claims], pool: NamedDependency[Pool], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[VodView]:
        before = decode_cursor(cursor, UUID)
        found = await vods.of_creator(pool, user.sub, listed=False, before=before, limit=limit + 1)
        return page_of(found, limit, VodView.of)

    @get("/creators/{creator_id:uuid}/vods", summary="A creator's public clips, the latest first")
    async def list_public(
        self, creator_id: FromPath[UUID], pool: NamedDependency[Pool], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[VodView]:
        before = decode_cursor(cursor, UUID)
        found = await vods.of_creator(pool, creator_id, listed=True, before=before, limit=limit + 1)
        return page_of(found, limit, VodView.of)


@get("/vods/{name:str}", include_in_schema=False)
async def vod_file(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    visitor: NamedDependency[Claims | None],
    pool: NamedDependency[Pool],
    settings: NamedDependency[Settings],
    segment: FromQuery[UUID | None] = None,
) -> Response[Any]:
    """The file of a clip, whole or from any byte on, for those who may see the clip or the `segment` it is in."""
    stem, _, kind = name.partition(".")
    try:
        vod_id = UUID(stem)
    except ValueError as error:
        raise UnknownVod() from error
    vod = await vods.find_visible(pool, vod_id, visitor, segment)
    file = vods.folder_of(settings) / name
    if (str(vod.id), vod.kind) != (stem, kind) or not file.is_file():
        raise UnknownVod()
    headers = SAFE_HEADERS | {"Cache-Control": FOR_ONE if vod.visibility == "private" else FOR_ALL}
    return serve_file(request, file, vod.bytes, etag=str(vod.id), media_type=MEDIA_TYPES[vod.kind], headers=headers)
