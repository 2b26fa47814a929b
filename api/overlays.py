"""`/api/me/overlays`: pictures of one's own and words that lie over one's shows."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth.guards import creator_only
from api.schema import Body, View
from domain.accounts.tokens import Claims
from domain.overlays import service
from domain.overlays.model import KEY_PATTERN, MOST_OVERLAYS, MOST_TEXT, Overlay
from livestreamx.engines.postgres import Pool
from livestreamx.layers import LayerKind

Key = Annotated[str, msgspec.Meta(pattern=KEY_PATTERN, examples=["logo"])]
From = Annotated[int, msgspec.Meta(ge=0, le=99, examples=[4])]
Size = Annotated[int, msgspec.Meta(ge=1, le=100, examples=[20])]
Text = Annotated[str, msgspec.Meta(max_length=MOST_TEXT, examples=["The logo of the show"])]


class OverlayBody(Body, frozen=True, kw_only=True):
    """A `picture` (a PNG, WebP or GIF of one's own) or `words`, in a box in hundredths of the stage from its top left.

    While `enabled` it lies over all of one's shows, else over those whose scene names its `key`. `text` is what the
    words are, or what the picture shows.
    """

    key: Key
    kind: LayerKind
    x: From = 0
    y: From = 0
    width: Size = 100
    height: Size = 100
    asset_id: UUID | None = None
    text: Text = ""
    enabled: bool = True


class OverlaysBody(Body, frozen=True, kw_only=True):
    """All of them, the lowest first."""

    overlays: Annotated[tuple[OverlayBody, ...], msgspec.Meta(max_length=MOST_OVERLAYS)]


class OverlayView(View, frozen=True, kw_only=True):
    """`url` is the picture's address, null for words."""

    key: str
    kind: LayerKind
    x: int
    y: int
    width: int
    height: int
    asset_id: UUID | None
    url: str | None
    text: str
    enabled: bool

    @classmethod
    def of(cls, overlay: Overlay) -> "OverlayView":
        return cls.showing(overlay, url=overlay.url or None)


class OverlaysView(View, frozen=True, kw_only=True):
    """The lowest first."""

    overlays: tuple[OverlayView, ...]

    @classmethod
    def of(cls, overlays: Sequence[Overlay]) -> "OverlaysView":
        return cls(overlays=tuple(map(OverlayView.of, overlays)))


class OverlaysController(Controller):
    path = "/api/me/overlays"
    tags = ("Profile",)
    guards = (creator_only,)

    @get(summary="What lies over your shows")
    async def read(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> OverlaysView:
        return OverlaysView.of(await service.of_creator(pool, user.sub))

    @put(summary="Choose what lies over your shows")
    async def choose(
        self,
        data: JSONBody[OverlaysBody],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> OverlaysView:
        """Shows that are on see it at once. 404 `asset_not_found`, 422 `bad_overlay` with its key, `not_a_picture`."""
        wished = [Overlay(**msgspec.structs.asdict(one)) for one in data.overlays]
        return OverlaysView.of(await service.choose(pool, user, wished, request_id))
