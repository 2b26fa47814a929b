"""`/oembed?url=`: how other sites show a link to a stream or a moment of it (oEmbed 1.0, type `link`)."""

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
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import DomainError, NotFound
from livestreamx.settings import Settings

STREAM_PATH = re.compile(r"/w/(?P<id>[0-9a-fA-F-]{36})(?:/moments/(?P<moment>[0-9a-fA-F-]{36}))?/?")
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


def stream_of_link(url: str, site: str) -> UUID:
    """The stream that a link to this site's watch page, or to a moment, names; `NotFound` for any other."""
    asked, ours = urlsplit(url), urlsplit(site)
    found = STREAM_PATH.fullmatch(asked.path)
    try:
        if found and asked.netloc == ours.netloc and asked.scheme in ("http", "https"):
            return UUID(found["id"])
    except ValueError:
        pass
    raise NotFound("That is no link to a stream here")


class OEmbedController(Controller):
    """For consumers of links; public streams only."""

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
        """Title, author and picture of the stream behind a link."""
        if format != "json":
            raise FormatUnknown
        async with connection(pool) as db:
            stream = await streams.find_visible(db, stream_of_link(url, settings.url), None)
        seed = art.poster_seed(stream.title, stream.category)
        embedded = Embedded(
            title=stream.title,
            author_name=stream.creator,
            author_url=f"{settings.url}/u/{stream.creator}",
            provider_url=settings.url,
            thumbnail_url=f"{settings.url}/posters/{seed}.png",
        )
        return Response(embedded, headers={"Cache-Control": f"public, max-age={MINUTES * 60}"})
