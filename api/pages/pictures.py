"""`/posters/{seed}.svg|png` and `/avatars/{handle}.svg`: generated pictures, cacheable for ever.

An avatar is cacheable for a minute, for its person may put a picture of their own in its place.
"""

import re

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from api.pages import art
from domain.profiles import queries as profiles
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import NotFound

HANDLE = re.compile(r"[a-z0-9_]{3,20}")
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
A_WHILE = {"Cache-Control": "public, max-age=60, stale-while-revalidate=3600"}
SVG_HEADERS = FOREVER | {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class PicturePages(Controller):
    """Posters are functions of their address; avatars too, until somebody brings a picture of their own."""

    @get("/posters/{name:str}", sync_to_thread=True)
    def poster(self, name: FromPath[str]) -> Response[bytes]:
        """A stream's poster: SVG for the pages, PNG for link previews."""
        seed, _, kind = name.partition(".")
        if not art.SEED.fullmatch(seed) or kind not in ("svg", "png"):
            raise NotFound("There is no such poster")
        if kind == "png":
            return Response(art.share_image(seed), media_type="image/png", headers=FOREVER)
        return Response(art.poster(seed).encode(), media_type="image/svg+xml", headers=SVG_HEADERS)

    @get("/avatars/{name:str}")
    async def avatar(self, name: FromPath[str], pool: NamedDependency[Pool]) -> Response[bytes] | Redirect:
        """A person's avatar: to the picture that they chose, or the one that is made from their handle."""
        handle, _, kind = name.partition(".")
        if kind != "svg" or not HANDLE.fullmatch(handle):
            raise NotFound("There is no such avatar")
        async with connection(pool) as db:
            chosen = await profiles.avatar_of(db, handle)
        if chosen:
            return Redirect(chosen, status_code=302, headers=A_WHILE)
        return Response(art.avatar(handle).encode(), media_type="image/svg+xml", headers=SVG_HEADERS | A_WHILE)
