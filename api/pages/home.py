"""`/`: what is live, what suits the viewer, what comes next."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

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
from domain.streams import service as streams
from domain.streams.model import Status
from livestreamx.engines.kafka import Emitter
from ranking.serving import TRENDING

LIVE = 100
SHELF = 12
CATEGORIES = 10

Category = Annotated[str | None, QueryParameter(max_length=100)]


def list_categories(cards: Sequence[StreamCard]) -> list[str]:
    """The categories that are live, the most watched first."""
    counts: Counter[str] = Counter()
    for card in cards:
        if card.category:
            counts[card.category] += card.viewers + 1
    return [name for name, _ in counts.most_common(CATEGORIES)]


async def read_shelf(visit: Visit, status: Status, limit: int) -> list[StreamCard]:
    """Public streams in this state, the newest first."""
    found = await streams.browse(visit.pool, status=status, category=None, after=None, limit=limit)
    return await make_cards(visit.redis, found, visit.settings.session_gap_seconds)


async def followed_streams(visit: Visit) -> set[UUID]:
    """The live streams of the creators whom the viewer follows."""
    if visit.viewer is None:
        return set()
    found = await profiles.following(visit.pool, visit.viewer.id, None, 100)
    return {creator.live_stream_id for creator in found if creator.live_stream_id}


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
        live = by_viewers(await read_shelf(visit, "live", LIVE))
        followed = await followed_streams(visit)
        suggestions = await recommender.suggest(visit.claims, SHELF)
        featured = live[0] if live and not category else None
        shared = (featured.title, featured.category) if featured else ("LiveStreamX", "")
        shown = visit.page(
            "home.html",
            site=visit.settings.url,
            share_seed=art.poster_seed(*shared),
            featured=featured,
            followed=[card for card in live if card.id in followed],
            recommended=await read_picks(visit, suggestions),
            trending=suggestions.model_version == TRENDING,
            live=[card for card in live if category in (None, card.category)],
            category=category,
            categories=list_categories(live),
            upcoming=await read_shelf(visit, "scheduled", SHELF),
            recent=[] if live else await read_shelf(visit, "ended", SHELF),
        )
        shown.background = BackgroundTask(tell_shown, emitter, suggestions, visit.viewer_id, request_id)
        return shown

    @get("/live-now")
    async def live_now(self, visit: NamedDependency[Visit], category: Category = None) -> Template:
        """The grid of live streams as it is now."""
        live = by_viewers(await read_shelf(visit, "live", LIVE))
        return visit.page(
            "partials/live_now.html",
            live=[card for card in live if category in (None, card.category)],
            category=category,
            categories=list_categories(live),
            upcoming=(),
        )
