"""`/posters/{seed}.svg|png` and `/avatars/{handle}.svg`: the generated pictures, cacheable for ever."""

import re

from litestar import Controller, Response, get
from litestar.params import FromPath

from api.pages import art
from livestreamx.errors import NotFound

HANDLE = re.compile(r"[a-z0-9_]{3,20}")
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
SVG_HEADERS = FOREVER | {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class PicturePages(Controller):
    """Pictures that are functions of their address."""

    @get("/posters/{name:str}", sync_to_thread=True)
    def poster(self, name: FromPath[str]) -> Response[bytes]:
        """A stream's poster: SVG for the pages, PNG for link previews."""
        seed, _, kind = name.partition(".")
        if not art.SEED.fullmatch(seed) or kind not in ("svg", "png"):
            raise NotFound("There is no such poster")
        if kind == "png":
            return Response(art.share_image(seed), media_type="image/png", headers=FOREVER)
        return Response(art.poster(seed).encode(), media_type="image/svg+xml", headers=SVG_HEADERS)

    @get("/avatars/{name:str}", sync_to_thread=False)
    def avatar(self, name: FromPath[str]) -> Response[bytes]:
        """A person's avatar."""
        handle, _, kind = name.partition(".")
        if kind != "svg" or not HANDLE.fullmatch(handle):
            raise NotFound("There is no such avatar")
        return Response(art.avatar(handle).encode(), media_type="image/svg+xml", headers=SVG_HEADERS)
