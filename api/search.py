"""`/api/search`: live streams, creators, categories and recordings, whatever the spelling."""

from collections.abc import Sequence
from typing import Annotated, get_args
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.paging import Limit
from api.schema import View
from api.searching import Category, Item, Kind, LiveHit, Searcher
from api.shows import StreamCard, card
from domain.accounts.tokens import Claims
from domain.profiles.model import Creator
from domain.streams import queries as streams
from domain.streams.model import Stream
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import Pool, connection
from livestreamx.events import SearchQueried
from ranking.search import Found

Query = Annotated[str, QueryParameter(name="q", min_length=1, max_length=100, description="what is looked for")]


class CreatorCard(View, frozen=True, kw_only=True):
    """A creator in a list."""

    id: UUID
    handle: Annotated[str, msgspec.Meta(examples=["nightowl"])]
    avatar_url: str | None
    level: int
    followers: int
    live_stream_id: UUID | None


class CategoryCard(View, frozen=True, kw_only=True):
    """A category that something live is in."""

    name: Annotated[str, msgspec.Meta(examples=["Fall Guys"])]
    live: int
    viewers: int


class SearchHit(View, frozen=True, kw_only=True):
    """One thing found; the field that its type names is set (`stream` for a stream and for a video)."""

    type: Kind
    score: Annotated[float, msgspec.Meta(examples=[1.05])]
    stream: StreamCard | None = None
    creator: CreatorCard | None = None
    category: CategoryCard | None = None


class SearchResults(View, frozen=True, kw_only=True):
    """The best first."""

    query: Annotated[str, msgspec.Meta(examples=["fall gys"])]
    items: tuple[SearchHit, ...]


def show(found: Found[Item], current: dict[UUID, Stream]) -> SearchHit | None:
    """What was found as a client sees it; None when a live stream is over by now."""
    item, score = found.entry.item, found.score
    match item:
        case LiveHit():
            stream = current.get(item.stream_id)
            if stream is None or stream.status != "live":
                return None
            return SearchHit(type="stream", score=score, stream=card(stream, item.viewers))
        case Stream():
            if item.id not in current:
                return None
            return SearchHit(type="video", score=score, stream=card(current[item.id], 0))
        case Creator():
            shown = {name: getattr(item, name) for name in CreatorCard.__struct_fields__}
            return SearchHit(type="creator", score=score, creator=CreatorCard(**shown))
        case Category():
            shown = msgspec.structs.asdict(item)
            return SearchHit(type="category", score=score, category=CategoryCard(**shown))


async def look_up(pool: Pool, found: Sequence[Found[Item]]) -> dict[UUID, Stream]:
    """The streams among what was found as they are at this moment; private ones are left out."""
    ids = [
        item.stream_id if isinstance(item, LiveHit) else item.id
        for item in (hit.entry.item for hit in found)
        if isinstance(item, LiveHit | Stream)
    ]
    if not ids:
        return {}
    async with connection(pool) as db:
        return {stream.id: stream for stream in await streams.public_among(db, ids)}


class SearchController(Controller):
    path = "/api/search"
    tags = ("Search",)

    @get("/")
    async def search(
        self,
        q: Query,
        visitor: NamedDependency[Claims | None],
        searcher: NamedDependency[Searcher],
        pool: NamedDependency[Pool],
        emitter: NamedDependency[Emitter],
        request_id: NamedDependency[str],
        type: FromQuery[Kind | None] = None,
        limit: Limit = 20,
    ) -> Response[SearchResults]:
        """What is meant by `q`, of one type or of all; mature streams only for who is signed in."""
        kinds = (type,) if type else get_args(Kind)
        found = await searcher.find(q, kinds, limit, mature=visitor is not None)
        current = await look_up(pool, found)
        items = tuple(hit for hit in (show(one, current) for one in found) if hit)
        asked = SearchQueried(user_id=visitor.sub if visitor else None, query=q, results=len(items))
        tell = BackgroundTask(emitter.emit, asked, request_id=request_id)
        return Response(SearchResults(query=q, items=items), background=tell)
