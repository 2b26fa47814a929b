"""`/api/me/assets`: one's own pictures and sounds, and `/assets/{id}.{kind}` where everybody sees them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.schema import Page, View
from domain.accounts.tokens import Claims
from domain.assets import service
from domain.assets.model import MEDIA_TYPES, MOST_BYTES, MOST_NAME_CHARACTERS, Asset, AssetKind
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings

SAFE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FileName = Annotated[str, QueryParameter(max_length=MOST_NAME_CHARACTERS, description="what you call it")]


class AssetView(View, frozen=True, kw_only=True):
    """A file; `url` is for everybody and never changes."""

    id: UUID
    kind: AssetKind
    name: str
    bytes: Annotated[int, msgspec.Meta(examples=[20480])]
    url: Annotated[str, msgspec.Meta(examples=["/assets/0197a3c0-d5e1-7c31-8a00-1b2c3d4e5f60.png"])]
    created_at: datetime

    @classmethod
    def of(cls, asset: Asset) -> "AssetView":
        return cls.showing(asset, url=asset.path)


def folder_of(settings: Settings) -> Path:
    """Where the files lie; platforms of several machines mount one folder there."""
    return settings.home / "assets"


class AssetsController(Controller):
    path = "/api/me/assets"
    tags = ("Profile",)

    @post(summary="Upload a file", request_max_body_size=MOST_BYTES)
    async def upload(
        self,
        request: Request[Any, Any, Any],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        name: FileName = "",
    ) -> AssetView:
        """The body is the file itself: PNG, WebP, GIF or MP3 of at most 5 MB, known by its first bytes.

        409 `too_many_assets`, 413, 415 `asset_type`.
        """
        body = await request.body()
        return AssetView.of(await service.keep(pool, folder_of(settings), user.sub, body, name))

    @get(summary="Your files, the latest first")
    async def list_assets(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> Page[AssetView]:
        return Page(items=tuple(map(AssetView.of, await service.of_owner(pool, user.sub))))

    @delete("/{asset_id:uuid}", summary="Remove a file")
    async def remove(
        self,
        asset_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> None:
        """404 `asset_not_found`. Where it was your picture there is the generated one again; shows go on without it."""
        await service.remove(pool, folder_of(settings), user, asset_id, request_id)


@get("/assets/{name:str}", include_in_schema=False, sync_to_thread=True)
def asset_file(name: FromPath[str], settings: NamedDependency[Settings]) -> Response[bytes]:
    """A file for everybody, as what it is and nothing else."""
    body = service.read(folder_of(settings), name)
    kind = cast(AssetKind, name.rpartition(".")[2])
    return Response(body, media_type=MEDIA_TYPES[kind], headers=SAFE_HEADERS)
