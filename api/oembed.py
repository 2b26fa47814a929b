"""`/oembed?url=`: how other sites show a link to a stream, a moment of it, or a clip (oEmbed 1.0, type `link`)."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.pages import art
from api.schema import View
from domain.streams import service as streams
from domain.vods import service as vods
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import DomainError, NotFound
from livestreamx.settings import Settings

ID = "[0-9a-fA-F-]{36}"
PATH = re.compile(rf"/w/(?P<stream>{ID})(?:/moments/{ID})?/?|/v/(?P<clip>{ID})/?")
MINUTES = 5


class FormatUnknown(DomainError):
    """oEmbed wants 501 for a format that is not served."""

    code, title, status = "format_unknown", "Only JSON is served", 501


class Embedded(View, frozen=True, kw_only=True, rename=None):
    """A link in oEmbed's words."""

    version: Literal["1.0"] = "1.0"
    type: Literal["link"] = "link"
    title: str
    author_name: str
    author_url: str
    provider_name: str = "LiveStreamX"
    provider_url: str
    cache_age: int = MINUTES * 60
    thumbnail_url: str
    thumbnail_width: int = art.SHARE_WIDTH
    thumbnail_height: int = art.SHARE_HEIGHT


def read_link(url: str, site: str) -> tuple[Literal["stream", "clip"], UUID]:
    """What a link to a page of this site names; `NotFound` for any other."""
    asked, ours = urlsplit(url), urlsplit(site)
    found = PATH.fullmatch(asked.path)
    try:
        if found and asked.netloc == ours.netloc and asked.scheme in ("http", "https"):
            return ("stream", UUID(found["stream"])) if found["stream"] else ("clip", UUID(found["clip"]))
    except ValueError:
        pass
    raise NotFound("That is no link to a stream or a clip here")


async def find_linked(pool: Pool, kind: Literal["stream", "clip"], its_id: UUID) -> tuple[str, str, str]:
    """Title, creator and the seed of the picture of what everybody may see."""
    if kind == "clip":
        clip = await vods.find_visible(pool, its_id, None)
        return clip.title, clip.creator, art.poster_seed(clip.title, "")
    async with connection(pool) as db:
        stream = await streams.find_visible(db, its_id, None)
    return stream.title, stream.creator, art.poster_seed(stream.title, stream.category)


class OEmbedController(Controller):
    """For consumers of links; what everybody may see only."""

    path = "/oembed"
    include_in_schema = False

    @get("/")
    async def describe(
        self,
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        url: Annotated[str, QueryParameter(max_length=500)],
        format: Annotated[str, QueryParameter(max_length=20)] = "json",
    ) -> Response[Embedded]:
        """Title, author and picture of what is behind a link."""
        if format != "json":
            raise FormatUnknown
        title, creator, seed = await find_linked(pool, *read_link(url, settings.url))
        embedded = Embedded(
            title=title,
            author_name=creator,
            author_url=f"{settings.url}/u/{creator}",
            provider_url=settings.url,
            thumbnail_url=f"{settings.url}/posters/{seed}.png",
        )
        return Response(embedded, headers={"Cache-Control": f"public, max-age={MINUTES * 60}"})
