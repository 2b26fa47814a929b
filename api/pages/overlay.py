"""`/o/{key}`: what streaming software lays over the picture. Read-only, and nothing but what belongs on air.

The key is a secret in an address: it is no referrer, is kept nowhere, and a key that is not good shows an empty page.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from api.pages.rendering import HEADERS
from api.pages.watch import gift_icon
from api.schema import View
from domain.commands import overlay_keys
from domain.commands.scenes import PLAIN, shown_scene
from domain.economy import service as economy
from domain.streams import queries as streams
from domain.streams.model import Stream
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import NotFound
from livestreamx.frames import SceneState

AIR_HEADERS = HEADERS | {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


class OnAir(View, frozen=True, kw_only=True):
    """The stream that the overlay belongs over now, if there is one."""

    stream_id: UUID | None
    scene: SceneState | None
    """How it looks, for who comes into its room: nobody may have told that yet."""


async def stream_of_key(pool: Pool, key: str) -> tuple[bool, Stream | None, SceneState]:
    """Whether the key is good, what is live behind it, and how that looks."""
    async with connection(pool) as db:
        creator = await overlay_keys.creator_of(db, key)
        stream = await streams.on_air(db, creator) if creator else None
        return creator is not None, stream, await shown_scene(db, stream) if stream else PLAIN


class OverlayPages(Controller):
    """The page, and what it asks every few seconds."""

    path = "/o/{overlay_key:str}"

    @get("/")
    async def overlay(
        self,
        request: Request[Any, Any, Any],
        overlay_key: FromPath[str],
        pool: NamedDependency[Pool],
        preview: FromQuery[bool] = False,
        talk: Annotated[bool, QueryParameter(name="chat")] = False,
    ) -> Template:
        """Transparent, and empty until something happens; `?preview=1` plays a test alert, `?chat=1` shows the chat."""
        is_good, stream, scene = await stream_of_key(pool, overlay_key)
        return Template(
            template_name="overlay.html",
            context={
                "is_good": is_good,
                "stream_id": stream.id if stream else "",
                "scene": scene,
                "scene_told": msgspec.json.encode(scene).decode(),
                "ask": f"{request.scope['path'].rstrip('/')}/stream",
                "preview": preview,
                "talk": talk,
                "gifts": await economy.catalogue(pool) if is_good else (),
                "gift_icon": gift_icon,
            },
            status_code=200 if is_good else 404,
            media_type=MediaType.HTML,
            headers=AIR_HEADERS,
        )

    @get("/stream")
    async def on_air(self, overlay_key: FromPath[str], pool: NamedDependency[Pool]) -> Response[OnAir]:
        """Which room to listen to now."""
        is_good, stream, scene = await stream_of_key(pool, overlay_key)
        if not is_good:
            raise NotFound("There is no such overlay", code="overlay_not_found")
        told = OnAir(stream_id=stream.id, scene=scene) if stream else OnAir(stream_id=None, scene=None)
        return Response(told, headers={"Cache-Control": "no-store"})
