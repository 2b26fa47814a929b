"""`/`: what is live, what suits the viewer, what comes next."""

from collections import Counter
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from api.pages import art
from api.pages.shelves import by_viewers, make_cards
from api.pages.views import Pick, StreamCard
from api.pages.visit import Visit
from api.recommendations import tell_shown
from api.recommender import Recommender, Suggestions
from domain.profiles import service as profiles
from domain.rollouts import service as rollouts
from domain.streams import service as streams
from domain.streams.model import Status
from domain.streams.queries import live_among
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import connection
from ranking.board import Board
from ranking.serving import TRENDING

SHOWN, MORE, MOST = 24, 24, 480
"""Live streams on the first page, how many more come at a time, and how many at most."""
SHELF = 12
CATEGORIES = 10

Category = Annotated[str | None, QueryParameter(max_length=100)]
Shown = Annotated[int, QueryParameter(ge=1, le=MOST)]


class LiveNow(msgspec.Struct, frozen=True, kw_only=True):
    """The live streams of a category or of all, the most watched first; `total` counts those not listed too."""

    category: str | None
    categories: list[str]
    streams: list[StreamCard]
    total: int

    @property
    def next_shown(self) -> int:
        """How many to ask for next, 0 when all are listed."""
        return min(len(self.streams) + MORE, MOST) if self.total > len(self.streams) < MOST else 0


def list_categories(board: Board) -> list[str]:
    """The categories that are live, the most watched first."""
    counts: Counter[str] = Counter()
    for stream in board.streams:
        if stream.category:
            counts[stream.category] += stream.viewers + 1
    return [name for name, _ in counts.most_common(CATEGORIES)]


async def read_live(visit: Visit, board: Board, category: str | None, shown: int) -> LiveNow:
    """Ordered by the viewers on the board; what started since it was laid out comes last."""
    newest = await streams.browse(visit.pool, status="live", category=category, after=None, limit=SHOWN)
    listed = [stream for stream in board.streams if category in (None, stream.category)]
    ranked = [stream.id for stream in sorted(listed, key=lambda stream: -stream.viewers)]
    known = set(ranked)
    ids = [*ranked, *(stream.id for stream in newest if stream.id not in known)]
    async with connection(visit.pool) as db:
        found = {stream.id: stream for stream in await live_among(db, ids[:shown])}
    current = [found[stream_id] for stream_id in ids[:shown] if stream_id in found]
    cards = by_viewers(await make_cards(visit.redis, current, visit.settings.session_gap_seconds))
    return LiveNow(category=category, categories=list_categories(board), streams=cards, total=len(ids))


async def read_shelf(visit: Visit, status: Status, limit: int) -> list[StreamCard]:
    """Public streams in this state, the newest first."""
    found = await streams.browse(visit.pool, status=status, category=None, after=None, limit=limit)
    return await make_cards(visit.redis, found, visit.settings.session_gap_seconds)


async def followed_streams(visit: Visit) -> list[StreamCard]:
    """What the creators show whom the viewer follows, the most watched first."""
    if visit.viewer is None:
        return []
    followed = await profiles.following(visit.pool, visit.viewer.id, None, 100)
    async with connection(visit.pool) as db:
        found = await live_among(db, [creator.live_stream_id for creator in followed if creator.live_stream_id])
    return by_viewers(await make_cards(visit.redis, found, visit.settings.session_gap_seconds))


async def read_picks(visit: Visit, suggestions: Suggestions) -> list[StreamCard]:
    """The recommended streams, best first, each with the reasons for it."""
    picks = {
        item.stream.id: Pick(
            position=position,
            source=item.recommended.source,
            model_version=suggestions.model_version,
            reasons=item.recommended.reasons,
        )
        for position, item in enumerate(suggestions.items)
    }
    found = [item.stream for item in suggestions.items]
    return await make_cards(visit.redis, found, visit.settings.session_gap_seconds, picks)


class HomePages(Controller):
    """The home page and the part of it that refreshes itself."""

    @get("/")
    async def home(
        self,
        visit: NamedDependency[Visit],
        recommender: NamedDependency[Recommender],
        emitter: NamedDependency[Emitter],
        request_id: NamedDependency[str],
        category: Category = None,
    ) -> Template:
        """Followed, recommended, live, upcoming; where nobody is live, what was."""
        board, _ = await recommender.board()
        live = await read_live(visit, board, category, SHOWN)
        suggestions = await recommender.suggest(visit.claims, SHELF)
        featured = live.streams[0] if live.streams and not category else None
        has_upcoming = await rollouts.reaches(visit.pool, "upcoming", visit.viewer_id)
        shared = (featured.title, featured.category) if featured else ("LiveStreamX", "")
        shown = visit.page(
            "home.html",
            site=visit.settings.url,
            share_seed=art.poster_seed(*shared),
            featured=featured,
            followed=await followed_streams(visit),
            recommended=await read_picks(visit, suggestions),
            trending=all(item.recommended.source == TRENDING for item in suggestions.items),
            live=live,
            upcoming=await read_shelf(visit, "scheduled", SHELF) if has_upcoming else [],
            recent=[] if live.streams else await read_shelf(visit, "ended", SHELF),
        )
        shown.background = BackgroundTask(tell_shown, emitter, suggestions, visit.viewer_id, request_id)
        return shown

    @get("/live-now")
    async def live_now(
        self,
        visit: NamedDependency[Visit],
        recommender: NamedDependency[Recommender],
        category: Category = None,
        shown: Shown = SHOWN,
    ) -> Template:
        """The grid of live streams as it is now."""
        board, _ = await recommender.board()
        live = await read_live(visit, board, category, shown)
        return visit.page("partials/live_now.html", live=live, upcoming=())
