"""`/api/search`: live streams, creators, categories, recordings and clips, whatever the spelling."""

from typing import Annotated, get_args
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.paging import Limit
from api.schema import Mirror, View
from api.searching import Category, Hit, Kind, Searcher
from api.shows import StreamCard, card
from api.vods import VodView
from domain.accounts.tokens import Claims
from domain.profiles.model import Creator
from domain.streams.model import Stream
from domain.vods.model import Vod
from livestreamx.engines.kafka import Emitter
from livestreamx.events import SearchQueried

Query = Annotated[str, QueryParameter(name="q", min_length=1, max_length=100, description="what is looked for")]


class CreatorCard(View, frozen=True, kw_only=True):
    """A creator in a list."""

    id: UUID
    handle: Annotated[str, msgspec.Meta(examples=["nightowl"])]
    avatar_url: str | None
    level: int
    followers: int
    live_stream_id: UUID | None


class CategoryCard(Mirror, frozen=True, kw_only=True):
    """A category that something live is in."""

    name: Annotated[str, msgspec.Meta(examples=["Fall Guys"])]
    live: int
    viewers: int


class SearchHit(View, frozen=True, kw_only=True):
    """One thing found; the field that its type names is set (`stream` also for a video, `vod` for `vods`)."""

    type: Kind
    score: Annotated[float, msgspec.Meta(examples=[1.05])]
    stream: StreamCard | None = None
    creator: CreatorCard | None = None
    category: CategoryCard | None = None
    vod: VodView | None = None


class SearchResults(View, frozen=True, kw_only=True):
    """The best first."""

    query: Annotated[str, msgspec.Meta(examples=["fall gys"])]
    items: tuple[SearchHit, ...]


def show(hit: Hit) -> SearchHit:
    """What was found as a client sees it."""
    match hit.item:
        case Stream():
            return SearchHit(type=hit.kind, score=hit.score, stream=card(hit.item, hit.viewers))
        case Creator():
            return SearchHit(type=hit.kind, score=hit.score, creator=CreatorCard.showing(hit.item))
        case Category():
            return SearchHit(type=hit.kind, score=hit.score, category=CategoryCard.of(hit.item))
        case Vod():
            return SearchHit(type=hit.kind, score=hit.score, vod=VodView.of(hit.item))


class SearchController(Controller):
    path = "/api/search"
    tags = ("Search",)

    @get("/")
    async def search(
        self,
        q: Query,
        visitor: NamedDependency[Claims | None],
        searcher: NamedDependency[Searcher],
        emitter: NamedDependency[Emitter],
        request_id: NamedDependency[str],
        type: FromQuery[Kind | None] = None,
        limit: Limit = 20,
    ) -> Response[SearchResults]:
        """What is meant by `q`, of one type or of all; mature streams only for who is signed in."""
        kinds = (type,) if type else get_args(Kind)
        items = tuple(map(show, await searcher.find(q, kinds, limit, mature=visitor is not None)))
        asked = SearchQueried(user_id=visitor.sub if visitor else None, query=q, results=len(items))
        tell = BackgroundTask(emitter.emit, asked, request_id=request_id)
        return Response(SearchResults(query=q, items=items), background=tell)
