"""`/search`: what was found, and the part of the page that follows what is being typed."""

from typing import Annotated, get_args

import msgspec
from litestar import Controller, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.pages.shelves import make_cards
from api.pages.views import StreamCard
from api.pages.visit import Visit
from api.searching import Category, Kind, Searcher
from domain.profiles.model import Creator
from domain.streams.model import Stream
from domain.vods.model import Vod
from livestreamx.engines.kafka import Emitter
from livestreamx.events import SearchQueried

LIMIT = 48
Query = Annotated[str, QueryParameter(max_length=100)]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, by kind, each the best first; `kind` is the one that was asked for."""

    query: str
    kind: Kind | None
    streams: list[StreamCard]
    videos: list[StreamCard]
    creators: list[Creator]
    categories: list[Category]
    clips: list[Vod]

    @property
    def total(self) -> int:
        streams = len(self.streams) + len(self.videos)
        return streams + len(self.creators) + len(self.categories) + len(self.clips)


async def read_results(visit: Visit, searcher: Searcher, query: str, kind: Kind | None) -> Results:
    """What this visitor may find; nothing for an empty query."""
    kinds = (kind,) if kind else get_args(Kind)
    hits = await searcher.find(query, kinds, LIMIT, mature=visit.viewer is not None)

    async def cards(kind: Kind) -> list[StreamCard]:
        found = [hit.item for hit in hits if hit.kind == kind and isinstance(hit.item, Stream)]
        return await make_cards(visit.redis, found, visit.settings.session_gap_seconds)

    return Results(
        query=query,
        kind=kind,
        streams=await cards("stream"),
        videos=await cards("video"),
        creators=[hit.item for hit in hits if isinstance(hit.item, Creator)],
        categories=[hit.item for hit in hits if isinstance(hit.item, Category)],
        clips=[hit.item for hit in hits if isinstance(hit.item, Vod)],
    )


class SearchPages(Controller):
    """The page, and its results alone."""

    path = "/search"

    @get("/")
    async def search(
        self,
        visit: NamedDependency[Visit],
        searcher: NamedDependency[Searcher],
        emitter: NamedDependency[Emitter],
        request_id: NamedDependency[str],
        q: Query = "",
        type: FromQuery[Kind | None] = None,
    ) -> Template:
        """The whole page; a search that was sent is told to the event log."""
        results = await read_results(visit, searcher, q, type)
        shown = visit.page("search.html", results=results, query=q)
        if q.strip():
            asked = SearchQueried(user_id=visit.viewer_id, query=q, results=results.total)
            shown.background = BackgroundTask(emitter.emit, asked, request_id=request_id)
        return shown

    @get("/results")
    async def results(
        self,
        visit: NamedDependency[Visit],
        searcher: NamedDependency[Searcher],
        q: Query = "",
        type: FromQuery[Kind | None] = None,
    ) -> Template:
        """What is found for what has been typed so far."""
        return visit.page("partials/search_results.html", results=await read_results(visit, searcher, q, type))
